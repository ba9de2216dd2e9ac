import { COMPLETION_CHECKS } from './completion-checks.js';
import { CONDITION_CHECKS } from './condition-checks.js';
import { INTEGRITY_CHECKS } from './integrity-checks.js';
import { LIST_CHECKS } from './list-checks.js';
import { OBJECT_CHECKS } from './object-checks.js';
import { PART_CHECKS } from './part-checks.js';
import { SESSION_CHECKS } from './session-checks.js';
import { SETTING_CHECKS } from './setting-checks.js';
import { SIGNATURE_CHECKS } from './signature-checks.js';
import { UPLOAD_LIST_CHECKS } from './upload-list-checks.js';
import type { S3Check } from './world.js';

/**
 * What S3 does as far as a sink or a cursor store may rest on it. Real servers and the double of the tests run the
 * same checks, so that a difference between them is known by name.
 */
export const S3_CHECKS: readonly S3Check[] = [
  ...COMPLETION_CHECKS,
  ...PART_CHECKS,
  ...UPLOAD_LIST_CHECKS,
  ...CONDITION_CHECKS,
  ...LIST_CHECKS,
  ...OBJECT_CHECKS,
  ...SETTING_CHECKS,
  ...SIGNATURE_CHECKS,
  ...INTEGRITY_CHECKS,
  ...SESSION_CHECKS,
];
