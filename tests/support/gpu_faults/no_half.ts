/** An adapter without 16-bit floats. */
import { replaceAdapter, withProperties } from "./adapter.ts";

replaceAdapter((adapter) => withProperties(adapter, { features: new Set() }));
