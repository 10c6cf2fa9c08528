/** Parts of names, in lower case and without separators, that stand for a credential wherever they come. */
const sensitiveParts = [
  'passw',
  'passphrase',
  'passcode',
  'pwd',
  'secret',
  'token',
  'credential',
  'apikey',
  'accesskey',
  'privatekey',
  'signingkey',
  'encryptionkey',
  'sharedkey',
  'sessionkey',
  'accountkey',
  'masterkey',
  'storagekey',
  'sshkey',
  'hmackey',
  'licensekey',
  'authkey',
  'authorization',
  'cookie',
  'bearer',
  'connectionstring',
  'connstr',
  'databaseurl',
  'kubeconfig',
  'dockerconfig',
  'jwt',
];
const sensitiveWhole = new Set(['auth', 'auths', 'dsn', 'pin', 'otp', 'pass', 'pfx', 'p12', 'sas']);
const sensitive = new RegExp(sensitiveParts.join('|'));

/** What says something about a credential, or where it lies, and is none: `secretRef`, `connectionSecretKeys`, `tokenExpiry`. */
const about =
  /(refs?|selectors?|names?|namespaces?|kind|type|policy|version|fieldpath|length|count|class|expiry|expiration|expires|expiresat|seconds|ttl|pullsecrets?|connectionsecretkeys?|connectionsecretstonamespace|deprecatedclaimtokens)$/;

/** Whether what stands under this key is to be kept from everybody. */
export function isSensitiveName(key: string): boolean {
  const plain = key.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  if (sensitiveWhole.has(plain)) return true;
  return sensitive.test(plain) && !about.test(plain);
}

/**
 * The same, as its end is met in the middle of a text: `password` of `db_password`, `AccountKey`, `api-key`. Without what
 * comes before it, and no longer than any name, since the search would otherwise take the square of a long text.
 */
export const sensitiveWord = `(?:${sensitiveParts
  .map((part) => part.replace(/(key|string|url)$/, '[-_. ]?$1'))
  .join('|')})[\\w-]{0,80}`;
