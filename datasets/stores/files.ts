/** Images in separate files. */
import { readPictureFile } from "../../files/picture_file.ts";
import { partOf } from "../../files/window.ts";
import { Paths, type PathsHandle } from "../paths.ts";
import { identityOfFile } from "./identity.ts";
import type { PictureStore, StoreHandle } from "./store.ts";

/** How a worker opens a {@link FileStore}. */
export interface FilesHandle extends StoreHandle, PathsHandle {
  readonly kind: "files";
}

/** A store of the files at these paths. */
export function filesIn({ handle }: Paths): FilesHandle {
  return { kind: "files", ...handle };
}

/** Image files. */
export class FileStore implements PictureStore {
  readonly #paths: Paths;

  constructor(handle: FilesHandle) {
    this.#paths = new Paths(handle);
  }

  nameOf(picture: number): string {
    return this.#paths.at(picture);
  }

  fileOf(picture: number): Promise<Uint8Array<ArrayBuffer>> {
    return readPictureFile(this.nameOf(picture));
  }

  identityOf(picture: number): string | undefined {
    return identityOfFile(this.nameOf(picture));
  }

  beginningOf(picture: number, most: number): Uint8Array {
    return partOf(this.nameOf(picture), 0, most);
  }
}
