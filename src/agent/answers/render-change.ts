import type { Change } from '../tools/tool.ts';
import { shortText } from './short-text.ts';

const maxSummary = 500;
const maxEffect = 300;

/** What somebody is asked to confirm: it leaves the gateway as every answer does, and each effect is one line. */
export function renderChange({ summary, effects, objects }: Change): Change {
  return {
    summary: shortText(summary, maxSummary),
    effects: effects.map((effect) => shortText(effect, maxEffect)),
    objects,
  };
}
