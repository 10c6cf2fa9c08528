import * as fc from 'fast-check';

/** JSON as text, with everything a writer may choose: white space, escapes, number literals, duplicate keys. */

const space = fc.constantFrom('', '', '', ' ', '\n', '\t', '\r\n', '  \n ');

/** Pieces of a string as they stand between the quotes. */
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', '-', '.', '/', ' ', '{', '}', '[', ']', ',', ':', '0') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('\\\\', '\\"', '\\\\\\"', '\\/', '\\n', '\\u0061', '\\u0022', '\\u005c'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('é', '€', '😀', '\\ud83d\\ude00', '\\ud800', '\\u0000', '\u2028', '\u007f'),
  },
);

export const stringText: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 4, arbitrary: fc.array(piece, { maxLength: 8 }) },
    // The scanner changes its way of searching after 40 bytes.
    { weight: 1, arbitrary: fc.array(piece, { minLength: 30, maxLength: 50 }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.integer({ min: 34, max: 44 }),
          fc.integer({ min: 0, max: 5 }),
          fc.constantFrom('', '\\"', 'x'),
        )
        .map(([length, escapes, end]) => ['x'.repeat(length), '\\\\'.repeat(escapes), end]),
    },
  )
  .map((pieces) => `"${pieces.join('')}"`);

export const numberText = fc.constantFrom(
  '0',
  '-0',
  '1',
  '1.0',
  '0.10',
  '-12',
  '9007199254740993',
  '1e400',
  '1E+2',
  '12.5e-3',
  '-0.0',
);

const scalarText = fc.oneof(numberText, stringText, fc.constantFrom('true', 'false', 'null'));

export interface ObjectText {
  text: string;
  /** Keys and values as they stand in the text, duplicates included. */
  members: { key: string; value: string }[];
}

export interface ArrayText {
  text: string;
  elements: string[];
}

export function objectText(
  members: readonly (readonly [key: string, value: string])[],
  spaces: readonly string[],
): ObjectText {
  const pad = spaceFrom(spaces);
  const printed = members.map(([key, value]) => `${pad()}${key}${pad()}:${pad()}${value}${pad()}`);
  return {
    text: `{${printed.length === 0 ? pad() : printed.join(',')}}`,
    members: members.map(([key, value]) => ({ key, value })),
  };
}

function arrayText(elements: readonly string[], spaces: readonly string[]): ArrayText {
  const pad = spaceFrom(spaces);
  const printed = elements.map((element) => `${pad()}${element}${pad()}`);
  return { text: `[${printed.length === 0 ? pad() : printed.join(',')}]`, elements: [...elements] };
}

/** Hands out the spaces one after the other, over and over. */
function spaceFrom(spaces: readonly string[]): () => string {
  let at = 0;
  return () => spaces[at++ % spaces.length] ?? '';
}

export const spaces = fc.array(space, { maxLength: 7 });

const key = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '"a"',
      '"b"',
      '"metadata"',
      '"metad\\u0061ta"',
      '"name"',
      '"na"',
      '"names"',
      '""',
    ),
  },
  { weight: 1, arbitrary: stringText },
);

const { value, object, array } = fc.letrec<{ value: string; object: ObjectText; array: ArrayText }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      scalarText,
      tie('object').map(({ text }) => text),
      tie('array').map(({ text }) => text),
    ),
    object: fc
      .tuple(fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }), spaces)
      .map(([members, pads]) => objectText(members, pads)),
    array: fc
      .tuple(fc.array(tie('value'), { maxLength: 5 }), spaces)
      .map(([elements, pads]) => arrayText(elements, pads)),
  }),
);

export const anyValueText = value;
export const anyObjectText = object;
export const anyArrayText = array;
