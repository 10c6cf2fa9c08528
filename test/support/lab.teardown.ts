/** Silent: the last line of a run is the reporter's. */
export default async function teardown(): Promise<void> {
  await globalThis.sharedTestLab?.stop();
}
