import { answerObject, ask, type NamedClaimRequest, wanted } from './claim-request.ts';

/** GET of one object or its status. */
export async function getClaim(request: NamedClaimRequest): Promise<void> {
  const { accept, query, columns } = wanted(request);
  const answer = await ask(request, { method: 'GET', app: request.app, query, accept });
  await answerObject(request, answer, columns);
}
