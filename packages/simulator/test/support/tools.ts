/**
 * For `skipIf`: says why on the console where a tool is missing. In CI nothing is skipped: the test then fails for want of
 * the tool.
 */
export const skipUnless = (tool: string, missing: string | undefined): boolean => {
  if (missing === undefined || process.env['CI'] !== undefined) return false;
  console.warn(`skipped without ${tool}: ${missing}`);
  return true;
};
