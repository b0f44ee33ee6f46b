/** Paths of modules, whose parts are joined by dots, as in `layer1.0.conv1`. */

/** The name of a member of the module at `path`, which is `""` for the model itself. */
export function joinPath(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** The path of the module that owns what has this name; `""` for the model itself. */
export function parentPath(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}
