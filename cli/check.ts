/** A finding of `overfold doctor`. */
export interface Check {
  name: string;
  /** `fail` means that training cannot work; `warn` that something works, but not as well as it could. */
  status: "ok" | "warn" | "fail";
  found: string;
  /** What to do, if something is wrong. */
  advice?: string;
}
