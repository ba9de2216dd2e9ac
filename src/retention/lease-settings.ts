import type { LeaseSettings } from '../leases/lease-session.js';
import { DOCUMENT_MAX_BYTES, type PolicyDocument, policyPlace } from './policy-document.js';
import type { PolicySettings } from './settings.js';

/** What a session on the document of a policy needs. */
export function leaseSettings(settings: PolicySettings): LeaseSettings<PolicyDocument> {
  const { policyId, store, runtime, holder, limits } = settings;
  return {
    ...policyPlace(store, policyId),
    runtime,
    holder,
    limits,
    maxBytes: DOCUMENT_MAX_BYTES,
    texts: {
      owner: `retention policy "${policyId}"`,
      document: 'document',
      tooLargeRemedy: 'Report it: a policy keeps no lists that grow.',
      lostRemedy:
        'This run stopped before its next deletion: another worker goes on, or somebody took the mark back.',
      details: { policyId },
    },
  };
}
