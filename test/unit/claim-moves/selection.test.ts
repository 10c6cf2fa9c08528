import { describe, expect, it } from '@jest/globals';
import { labelsAs } from '../../../src/claim-moves/selection.ts';

/** The vector of the contract. */
const clusterID = '00000000-0000-0000-0000-000000000000';
const labels = {
  'mcp-connector.upbound.io/app-cluster': clusterID,
  'mcp-connector.upbound.io/app-namespace': 'test',
  'mcp-connector.upbound.io/app-resource-name': 'my-bucket',
};
const name = 'claim-c603e518969b413e';

describe('the labels of a claim that is moved', () => {
  it('stay where its app cluster can still find it by its name', () => {
    expect(labelsAs({ metadata: { name, labels } }, name)).toEqual({});
    expect(labelsAs({ metadata: { name: 'my-bucket', labels } }, name)).toEqual({});
    expect(labelsAs({ metadata: { name, labels: { team: 'a' } } }, 'my-bucket')).toEqual({});
  });

  it('do not list it in an app cluster that would not find it [uninstall.labels]', () => {
    expect(labelsAs({ metadata: { name, labels } }, 'my-bucket')).toEqual({
      labels: { 'mcp-connector.upbound.io/app-cluster': { from: clusterID } },
    });
  });
});
