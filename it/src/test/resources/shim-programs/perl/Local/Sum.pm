package Local::Sum;
use strict;
use warnings;

sub of {
    my $sum = 0;
    $sum += $_ for @_;
    return $sum;
}

1;
