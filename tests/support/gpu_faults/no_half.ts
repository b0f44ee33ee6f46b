/** An adapter without floats of 16 bits. */
import { replaceAdapter, withProperties } from "./adapter.ts";

replaceAdapter((adapter) => withProperties(adapter, { features: new Set() }));
