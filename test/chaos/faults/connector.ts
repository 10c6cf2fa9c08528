import type { ChaosFault } from '../fault.ts';

/** Faults of the connectors. */
export const connectorFaults: readonly ChaosFault[] = [
  {
    name: 'leader-killed',
    what: 'leader killed (-9), another started',
    servedThroughout: true,
    cause: async ({ ground: { replicas } }) => replicas.kill(await replicas.leader()),
    mend: ({ ground }) => ground.replicas.refill(),
    afterwards: async ({ ground }) => void (await ground.replicas.leader()),
  },
  {
    name: 'follower-killed',
    what: 'follower killed (-9), another started',
    servedThroughout: true,
    cause: async ({ ground: { replicas } }) => replicas.kill(await replicas.follower()),
    mend: ({ ground }) => ground.replicas.refill(),
  },
  {
    name: 'rolled',
    what: 'both replaced by turns (SIGTERM)',
    seconds: 1,
    servedThroughout: true,
    cause: async ({ ground, fail }) => {
      for (const code of await ground.replicas.roll())
        if (code !== 0) fail(`a connector ended with exit code ${code} after SIGTERM`);
    },
    mend: async () => undefined,
    afterwards: async ({ ground }) => void (await ground.replicas.leader()),
  },
  {
    name: 'leader-paused',
    what: 'leader stopped (SIGSTOP) for 20 s',
    seconds: 20,
    cause: async ({ ground, note }) => {
      const leader = await ground.replicas.leader();
      note(`${leader.name} was the leader`);
      leader.pause();
    },
    mend: async ({ ground, note }) => {
      ground.replicas.resume();
      note(`${(await ground.replicas.leader()).name} leads`);
    },
  },
  {
    name: 'restarted-in-outage',
    what: 'connections refused, and both replaced meanwhile (-9)',
    cause: async ({ ground }) => {
      await ground.proxy.use({ kind: 'stopped' });
      await ground.replicas.replaceByForce();
    },
    mend: ({ ground }) => ground.proxy.use({ kind: 'pass' }),
  },
];
