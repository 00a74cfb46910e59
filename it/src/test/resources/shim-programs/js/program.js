const fs = require('fs'), path = require('path'), os = require('os');
const { execFileSync, spawnSync } = require('child_process');
const { double } = require('./double');
const T = process.env.T;
process.chdir(T);
const say = (...what) => console.log(...what);

say(double(21), path.relative(T, __filename), process.cwd(), fs.realpathSync('data/below/er/up'), fs.realpathSync.native('data/link'));
const names = fs.readdirSync('data', { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
say(names.filter(e => e.isFile()).length, names.filter(e => e.isDirectory()).length, names.filter(e => e.isSymbolicLink()).map(e => e.name));
say(fs.readdirSync('project', { recursive: true }).length);
const found = fs.statSync('data/n1.txt', { bigint: true });
say(found.size, found.mtimeNs, (found.mode & 0o777n).toString(8), fs.existsSync('missing'), fs.lstatSync('data/broken').isSymbolicLink());

fs.mkdirSync('made/a/b', { recursive: true });
fs.writeFileSync('made/a/file', 'x'.repeat(100000));
fs.appendFileSync('data/n1.txt', 'appended\n');
fs.copyFileSync('data/zeros', 'made/zeros');
fs.cpSync('data', 'made/data', { recursive: true, verbatimSymlinks: true });
fs.renameSync('made/a', 'made/c');
fs.symlinkSync('c/file', 'made/link');
fs.truncateSync('made/zeros', 5);
fs.chmodSync('made/zeros', 0o600);
fs.utimesSync('made/zeros', 1e9, 1e9);
say(fs.statSync('made/link').size, fs.statSync('made/zeros').size, fs.statSync('made/zeros').mtimeMs, fs.readFileSync('data/n1.txt', 'utf8').trim().split('\n').pop());
try { fs.rmdirSync('made'); } catch (e) { say(e.code, e.path); }
try { fs.openSync('made/none/x'); } catch (e) { say(e.message); }
say(execFileSync('sh', ['-c', 'pwd; cat data/n2.txt | tail -n 1']).toString().trim());
say(spawnSync(path.join(T, 'bin/greet'), ['from node']).stdout.toString().trim());

(async () => {
  const place = await fs.promises.mkdtemp(path.join(T, 'temporary-'));
  await Promise.all([...Array(50).keys()].map(i => fs.promises.writeFile(path.join(place, `f${i}`), `${i}\n`)));
  const all = await Promise.all((await fs.promises.readdir(place)).map(n => fs.promises.readFile(path.join(place, n), 'utf8')));
  say(all.reduce((a, b) => a + Number(b), 0));
  for await (const entry of await fs.promises.opendir('made')) if (entry.name === 'zeros') say('opendir', entry.isFile());
  await new Promise((yes, no) => fs.createReadStream('data/zeros').pipe(fs.createWriteStream(path.join(place, 'piped'))).on('finish', yes).on('error', no));
  say(fs.statSync(path.join(place, 'piped')).size);
  await fs.promises.rm(place, { recursive: true });
  fs.rmSync('made', { recursive: true });
  say(fs.readdirSync('.').sort().join(' '));
})();
