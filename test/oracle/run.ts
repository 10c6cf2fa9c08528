import { describeError } from '../../src/base/errors.ts';
import { compare, type Difference } from './compare.ts';
import type { OracleGround } from './ground.ts';
import { type MeantDifference, meantDifferences } from './meant.ts';
import { Normaliser } from './normalise.ts';
import { type Scenario, World } from './scenario.ts';
import type { Side } from './side.ts';

/** One request and how the two answers compare. */
export interface Verdict {
  request: string;
  /** What nobody has explained. */
  differences: Difference[];
  /** What stands in meant.ts. */
  meant: MeantDifference[];
}

export interface ScenarioResult {
  scenario: Scenario;
  verdicts: Verdict[];
}

/** Tells one scenario to both sides at once, compares what they said, and leaves both empty. */
export async function runScenario(scenario: Scenario, ground: OracleGround): Promise<ScenarioResult> {
  const [connector, reference] = (await Promise.all(
    [ground.connector, ground.reference].map((side) => tell(scenario, side, ground)),
  )) as [Told, Told];
  const verdicts: Verdict[] = [];
  const sides = [new Normaliser(), new Normaliser()] as const;
  const count = Math.max(connector.world.exchanges.length, reference.world.exchanges.length);
  for (let at = 0; at < count; at++) {
    const [ours, theirs] = [connector.world.exchanges[at], reference.world.exchanges[at]];
    const request = (ours ?? theirs)?.request ?? '';
    if (!ours || !theirs) {
      const side = ours ? 'connector' : 'reference';
      verdicts.push(
        judge(scenario, request, [{ where: `asked of the ${side} only`, connector: '', reference: '' }]),
      );
      continue;
    }
    verdicts.push(judge(scenario, request, compare(sides[0].comparable(ours), sides[1].comparable(theirs))));
  }
  if (connector.failure !== reference.failure) {
    const difference = {
      where: 'failure',
      connector: connector.failure ?? '',
      reference: reference.failure ?? '',
    };
    verdicts.push(judge(scenario, '(the scenario itself)', [difference]));
  } else if (connector.failure !== undefined) {
    throw new Error(`${scenario.area}: ${scenario.name}: ${connector.failure}`);
  }
  await ground.clear(new Set([...connector.world.touched, ...reference.world.touched]));
  return { scenario, verdicts };
}

interface Told {
  world: World;
  failure: string | undefined;
}

async function tell(scenario: Scenario, side: Side, ground: OracleGround): Promise<Told> {
  const world = new World(side, ground);
  let failure: string | undefined;
  try {
    await scenario.run(world);
  } catch (error) {
    failure = describeError(error).replace(side.name, 'side');
  }
  world.end();
  return { world, failure };
}

function judge(scenario: Scenario, request: string, found: Difference[]): Verdict {
  const meant = new Set<MeantDifference>();
  const differences = found.filter((difference) => {
    const explained = meantDifferences.find(
      (candidate) =>
        candidate.scenario.test(`${scenario.area}: ${scenario.name}`) &&
        candidate.where.test(difference.where),
    );
    if (explained) meant.add(explained);
    return explained === undefined;
  });
  return { request, differences, meant: [...meant] };
}
