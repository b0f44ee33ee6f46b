/** The schema library, at the one place that names its version. */
export { z } from "npm:zod@4.6.7";
