use strict;
use warnings;
use Cwd qw(getcwd realpath);
use Fcntl qw(:flock O_RDWR O_CREAT O_EXCL);
use File::Copy qw(copy move);
use File::Find;
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempfile);
use lib "$ENV{T}/perl";
use Local::Sum;

$| = 1;
chdir $ENV{T} or die "chdir: $!";
print "cwd ", getcwd(), " ", realpath("data/below/er/up"), " sum ", Local::Sum::of(1 .. 10), "\n";

opendir my $stream, "data" or die "opendir: $!";
my @names = sort readdir $stream;
rewinddir $stream;
my @again = sort readdir $stream;
closedir $stream;
print scalar(@names), " names, twice the same: ", ("@names" eq "@again" ? "yes" : "no"), "\n";

for my $name (qw(data data/n1.txt data/empty data/broken data/link bin/script missing)) {
    print "$name:", (-e $name ? " e" : ""), (-f $name ? " f" : ""), (-d $name ? " d" : ""), (-l $name ? " l" : ""),
        (-x $name ? " x" : ""), (-w $name ? " w" : ""), (-z $name ? " z" : ""), " ", (-s $name && -f _ ? -s _ : 0), "\n";
}
my @stat = stat "data/n3.txt";
printf "mode %o size %d mtime %d links %d\n", @stat[2, 7, 9, 3];

my ($files, $bytes) = (0, 0);
find({ wanted => sub { if (-f $_ && !-l $_) { $files++; $bytes += -s _ } }, no_chdir => 0 }, "data", "project");
print "found $files files of $bytes bytes; glob ", scalar(my @found = glob("data/n1*.txt data/{link,zeros}")), "\n";

make_path("made/a/b/c", "made/d");
open my $out, ">", "made/a/b/c/file" or die "open: $!";
print $out "line $_\n" for 1 .. 1000;
close $out or die "close: $!";
open my $both, "+<", "data/n7.txt" or die "open: $!";
flock $both, LOCK_EX or die "flock: $!";
seek $both, 0, 2;
print $both "appended\n";
close $both or die "close: $!";
open my $in, "<", "data/n7.txt" or die "open: $!";
my @lines = <$in>;
close $in;
print scalar(@lines), " lines, the last $lines[-1]";

sysopen(my $new, "made/new", O_RDWR | O_CREAT | O_EXCL, 0640) or die "sysopen: $!";
close $new;
print sysopen($new, "made/new", O_RDWR | O_CREAT | O_EXCL) ? "made twice\n" : "$!\n";
printf "mode %o\n", (stat "made/new")[2] & 07777;
utime 1000000000, 1000000000, "made/new" or die "utime: $!";
chmod 0400, "data/n5.txt" or die "chmod: $!";
truncate "data/n6.txt", 10 or die "truncate: $!";
printf "utime %d, chmod %o, truncate %d\n", (stat "made/new")[9], (stat "data/n5.txt")[2] & 07777, -s "data/n6.txt";

copy("data/zeros", "made/zeros") or die "copy: $!";
move("made/zeros", "made/moved") or die "move: $!";
rename "made/a", "made/d/a" or die "rename: $!";
link "made/moved", "made/linked" or die "link: $!";
symlink "../data", "made/symlink" or die "symlink: $!";
print -s "made/linked", " ", readlink "made/symlink", " ", -s "made/symlink/n1.txt", " ", -e "made/d/a/b/c/file" ? 1 : 0, "\n";
my ($temporary, $name) = tempfile(DIR => "made", UNLINK => 1);
print $temporary "x" x 10;
close $temporary;
print -s $name, " ", unlink($name, "made/new", "made/none"), "\n";
print rmdir "made" ? "removed\n" : "$!\n";
remove_tree("made");
print -e "made" ? "there\n" : "gone\n";
print `pwd; ls data | wc -l`, system("test", "-f", "data/n1.txt"), "\n";
