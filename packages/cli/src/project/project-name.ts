/** ESP-IDF keeps 32 bytes for `project_name` in the image descriptor, with the NUL at its end. */
export const PROJECT_MAX_BYTES = 31;

/** Whether an image descriptor can hold this name. */
export function isProjectName(name: string): boolean {
  const bytes = Buffer.byteLength(name);
  return bytes >= 1 && bytes <= PROJECT_MAX_BYTES && !/\p{C}/u.test(name);
}
