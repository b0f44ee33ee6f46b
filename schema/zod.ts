/** The schema library; the only place that names its version. */
export { z } from "npm:zod@4.6.7";
