const batch = 100;

/**
 * Brings an empty etcd to a higher revision and compacts the history, as in a cluster that has lived a while. Revisions
 * are what Kubernetes shows as resourceVersion.
 */
export async function spendRevisions(etcdUrl: string, count: number): Promise<void> {
  const key = Buffer.from('lab/revisions').toString('base64');
  let revision = 0;
  for (let done = 0; done < count; done += batch) {
    const puts = Array.from({ length: Math.min(batch, count - done) }, () =>
      call(etcdUrl, 'kv/put', { key, value: '' }),
    );
    for (const answer of await Promise.all(puts))
      revision = Math.max(revision, Number(answer.header.revision));
  }
  if (revision > 0) await call(etcdUrl, 'kv/compaction', { revision: String(revision) });
}

async function call(
  etcdUrl: string,
  method: string,
  body: unknown,
): Promise<{ header: { revision: string } }> {
  const answer = await fetch(`${etcdUrl}/v3/${method}`, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`etcd answered ${method} with ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as { header: { revision: string } };
}
