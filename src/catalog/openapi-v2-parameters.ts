import { goJson } from '../apimachinery/go-json.ts';
import type { JsonSchema } from '../apimachinery/objects.ts';
import { compareNames } from './connected-resource.ts';
import type { OperationV3, ParameterV3 } from './openapi-document.ts';
import { schemaV2Of } from './openapi-v2-schema.ts';

/** A swagger parameter. The members of a simple type stand in the parameter itself, those of a body in `schema`. */
export interface ParameterV2 {
  uniqueItems?: boolean;
  type?: string;
  format?: string;
  description?: string;
  name: string;
  in: string;
  required?: boolean;
  schema?: JsonSchema;
}

export interface ParameterReference {
  $ref: string;
}

/** Parameters of an operation by name, its request body among them as the parameter `body`. */
export function operationParameters(operation: OperationV3): ParameterV2[] {
  const parameters = (operation.parameters ?? []).map(parameterV2Of);
  const { requestBody } = operation;
  if (requestBody) {
    const schema = Object.values(requestBody.content)[0]?.schema ?? {};
    const required = requestBody.required ? { required: true } : {};
    parameters.push({ name: 'body', in: 'body', ...required, schema: schemaV2Of(schema) });
  }
  return parameters.toSorted((a, b) => compareNames(a.name, b.name) || compareNames(a.in, b.in));
}

/** Member order is that of Go's struct, which the names of shared parameters are computed from. */
export function parameterV2Of({ name, in: place, description, required, schema }: ParameterV3): ParameterV2 {
  return {
    ...(schema?.uniqueItems ? { uniqueItems: true } : {}),
    ...(schema?.type ? { type: schema.type } : {}),
    ...(schema?.format ? { format: schema.format } : {}),
    ...(description ? { description } : {}),
    name,
    in: place,
    ...(required ? { required } : {}),
  };
}

/**
 * The parameters that operations refer to instead of repeating them: about half of the document's size. Chosen and named
 * as kube-openapi/pkg/builder/parameters.go does, so that kube-aggregator finds them equal to those it has.
 */
export class SharedParameters {
  readonly #byName = new Map<string, ParameterV2>();
  readonly #nameByJson = new Map<string, string>();

  /** A reference to the shared parameter, or the parameter itself where kube-openapi keeps it in place. */
  share(parameter: ParameterV2): ParameterV2 | ParameterReference {
    if (!isShared(parameter)) return parameter;
    const json = goJson(parameter);
    let name = this.#nameByJson.get(json);
    if (name === undefined) {
      name = `${parameter.name}-${shortHash(json)}`;
      this.#nameByJson.set(json, name);
      this.#byName.set(name, parameter);
    }
    return { $ref: `#/parameters/${name}` };
  }

  toJSON(): Record<string, ParameterV2> {
    return Object.fromEntries([...this.#byName].toSorted(([a], [b]) => compareNames(a, b)));
  }
}

/** kubectl before 1.27 looks for dryRun and fieldValidation in place; name and the body of a kind are never common. */
function isShared(parameter: ParameterV2): boolean {
  if (parameter.in === 'body') {
    return String(parameter.schema?.['$ref']).startsWith('#/definitions/io.k8s.apimachinery');
  }
  return !['name', 'dryRun', 'fieldValidation'].includes(parameter.name);
}

/** The first six bytes of 64-bit FNV-1 in URL-safe base64. */
function shortHash(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, hash * 0x100000001b3n) ^ BigInt(byte);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(hash);
  return bytes.toString('base64url', 0, 6);
}
