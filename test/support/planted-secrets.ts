/** Made up, one of each shape that a credential is known by; none of them was ever valid. */
export const shapedSecrets: Readonly<Record<string, string>> = {
  'AWS access key': ['AKIA', 'QX7Z4MPL2WNB5RTY'].join(''),
  'AWS secret key': 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzQ9kExAmP',
  'GitHub token': ['ghp', 'x8Kq2LmP0aZ9sT4vB7nR1cY6dW3eF5gH2jU1'].join('_'),
  'GitLab token': ['glpat', 'Zx8Kq2LmP0aZ9sT4vB7n'].join('-'),
  'Slack token': ['xoxb', '2418273645', 'Kq2LmP0aZ9sT4vB7nR1c'].join('-'),
  'Google key': ['AIza', 'SyDx8Kq2LmP0aZ9sT4vB7nR1cY6dW3eF5gH'].join(''),
  'Stripe key': ['sk', 'live', 'x8Kq2LmP0aZ9sT4vB7nR1cY6'].join('_'),
  JWT: [
    'eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ',
    'eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50Iiwic3ViIjoieCJ9',
    'c2lnbmF0dXJlLW9mLXRoZS10b2tlbi1oZXJl',
  ].join('.'),
  'private key': pem('RSA PRIVATE KEY'),
  'connection string': 'postgresql://owner:Tr0ub4dor@db.example.org:5432/app',
  'storage connection string':
    'DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=x8Kq2LmP0aZ9sT4v==;EndpointSuffix=x',
  'base64 of a password': 'Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5LXN0YXBsZQ==',
  'short base64': 'aHVudGVyMg==',
  'random bytes in base64': 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k',
  'hexadecimal key': '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'bearer header': 'Authorization: Bearer x8Kq2LmP0aZ9',
};

function pem(what: string): string {
  return `-----BEGIN ${what}-----\nMIIEowIBAAKCAQEAx8Kq2LmP0aZ9sT4vB7nR1cY6dW3eF5gH\n-----END ${what}-----`;
}
