/** What `overfold doctor` finds. */

/** What was found at one place. */
export interface Check {
  name: string;
  /** `fail` means that training cannot work; `warn` that something works less well than it could. */
  status: "ok" | "warn" | "fail";
  found: string;
  /** What to do, unless all is well. */
  advice?: string;
}
