import { describe, expect, it } from '@jest/globals';
import { Edits } from '../../../src/apimachinery/json-edit.ts';
import { editToApp } from '../../../src/mapping/claim-view.ts';

const own =
  '"mcp-connector.upbound.io/app-cluster":"c","mcp-connector.upbound.io/app-namespace":"a","mcp-connector.upbound.io/app-resource-name":"n"';
const annotations =
  '"mcp-connector-k8s.io/owner.u-1":"{\\"apiVersion\\":\\"v1\\",\\"blockOwnerDeletion\\":true,\\"controller\\":true,\\"kind\\":\\"K\\",\\"name\\":\\"o\\",\\"uid\\":\\"u-1\\"}"';

function toApp(metadata: string): string {
  const bytes = Buffer.from(`{"metadata":{${metadata}}}`);
  const edits = new Edits();
  editToApp(bytes, 0, bytes.length, edits);
  return edits.apply(bytes).toString().slice('{"metadata":{'.length, -2);
}

describe('owners are shown', () => {
  it('in the order of Go types where metadata is printed alone', () => {
    const owners =
      '"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"o","uid":"u-1","controller":true,"blockOwnerDeletion":true}]';
    const head = '"namespace":"x","uid":"u","creationTimestamp":"t"';
    expect(
      toApp(
        `"name":"x",${head},"labels":{${own}},"annotations":{${annotations}},"finalizers":["f"],"managedFields":[]`,
      ),
    ).toBe(`"name":"n",${head.replace('x', 'a')},${owners},"finalizers":["f"],"managedFields":[]`);
    expect(toApp(`"name":"x","labels":{"l":"1",${own}},"annotations":{"k":"v",${annotations}}`)).toBe(
      `"name":"n","labels":{"l":"1"},"annotations":{"k":"v"},${owners}`,
    );
  });

  it('in the order of their keys in a whole object', () => {
    expect(
      toApp(
        `"annotations":{${annotations}},"creationTimestamp":"t","labels":{${own}},"name":"x","namespace":"x","uid":"u"`,
      ),
    ).toBe(
      '"creationTimestamp":"t","name":"n","namespace":"a","ownerReferences":[{"apiVersion":"v1","blockOwnerDeletion":true,"controller":true,"kind":"K","name":"o","uid":"u-1"}],"uid":"u"',
    );
  });
});
