/** Commands as a person types them, for messages that advise one. */

/** Another command in the form in which the user typed `call`, such as `deno task init`. */
export function callOf(command: string, call: string): string {
  return call.replace(/\S+$/, command);
}

/** A word of a command line, in quotes if a shell would interpret it. */
export function shellQuoted(text: string): string {
  return /^[\w./=:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
