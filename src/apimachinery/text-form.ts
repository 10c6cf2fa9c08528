import { JsonIndenter } from './json-indent.ts';
import { parseLossless } from './lossless-json.ts';
import type { TextForm } from './media-types.ts';
import { yamlText } from './yaml-text.ts';

/** Content-Type of a form. */
export function contentTypeOf(form: TextForm): string {
  return form === 'yaml' ? 'application/yaml' : 'application/json';
}

/** JSON of one line, written in the form that was asked for. */
export function writeAs(form: TextForm, json: Buffer): Buffer {
  if (form === 'compact') return json;
  if (form === 'indented') return new JsonIndenter().push(json);
  return Buffer.from(yamlText(parseLossless(json.toString('utf8'))));
}
