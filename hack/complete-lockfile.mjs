/**
 * Adds to package-lock.json what npm leaves out of it: optional packages for other platforms that the registry in use does
 * not have. `npm ci` refuses a lockfile without them. Run it after `npm install`: node hack/complete-lockfile.mjs [FILE]
 */
import { readFileSync, writeFileSync } from 'node:fs';

const platforms = /[-/](darwin|linux|win32|android|freebsd|openharmony)-/;
const processors = /-(arm64|x64|ia32|riscv64|ppc64|s390x|loong64|arm)\b/;

const file = process.argv[2] ?? 'package-lock.json';
const lock = JSON.parse(readFileSync(file, 'utf8'));
const packages = lock.packages;
const added = [];
for (const [path, entry] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (packages[`node_modules/${name}`] || packages[`${path}/node_modules/${name}`]) continue;
    const os = platforms.exec(name)?.[1];
    const cpu = processors.exec(name)?.[1];
    // Without an exact version, a platform and a processor, npm could take the entry for one of its own platform.
    if (!/^\d/.test(version) || !os || !cpu) continue;
    packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
      os: [os],
    };
    added.push(name);
  }
}
const paths = Object.keys(packages).toSorted();
lock.packages = Object.fromEntries(paths.map((path) => [path, packages[path]]));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added.length} packages added to ${file}\n`);
