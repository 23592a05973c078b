/** Request sequences that PHP and the port must walk alike, by subject. */
import { answerScenarios } from './scenarios/answers.ts';
import { callScenarios } from './scenarios/calls.ts';
import { fieldScenarios } from './scenarios/field.ts';
import { fileScenarios } from './scenarios/files.ts';
import { formatScenarios } from './scenarios/formats.ts';
import { formScenarios } from './scenarios/forms.ts';
import { foundScenarios } from './scenarios/found.ts';
import { idScenarios } from './scenarios/ids.ts';
import { lifecycleScenarios } from './scenarios/lifecycles.ts';
import { reportScenarios } from './scenarios/reports.ts';
import { requestScenarios } from './scenarios/requests.ts';
import { settingScenarios } from './scenarios/settings.ts';
import { startupScenarios } from './scenarios/startup.ts';
import type { Scenario } from './steps.ts';

/** The table. */
export const scenarios: readonly Scenario[] = [
  ...lifecycleScenarios,
  ...answerScenarios,
  ...idScenarios,
  ...formatScenarios,
  ...settingScenarios,
  ...callScenarios,
  ...fileScenarios,
  ...requestScenarios,
  ...foundScenarios,
  ...formScenarios,
  ...startupScenarios,
  ...reportScenarios,
  ...fieldScenarios,
];
