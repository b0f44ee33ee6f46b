/**
 * Several "hosts" on one machine: network namespaces with their own addresses and host names,
 * joined by a bridge, and a remote shell that enters them. Needs root and iproute2.
 */
import { join } from "@std/path";
import { shellQuoted } from "../../cli/command.ts";
import { isProgram } from "./mpi.ts";

/** Whether hosts can be made here; if not, the reason is printed. */
export const HAS_HOSTS = await canMakeHosts();

/** Hosts `h1`, `h2`, …, which exist until they are disposed of. */
export class Hosts implements AsyncDisposable {
  /** Unique per test process, and short, as names of network devices must be. */
  readonly #prefix = `o${Deno.pid}`;
  /** Called like `ssh`: `PROGRAM HOST COMMAND…`. */
  readonly #shell: string;
  readonly names: readonly string[];

  private constructor(count: number, folder: string) {
    this.names = Array.from({ length: count }, (_, i) => `h${i + 1}`);
    this.#shell = join(folder, "remote-shell");
  }

  /** Makes hosts, with their files in `folder`. */
  static async make(count: number, folder: string): Promise<Hosts> {
    const hosts = new Hosts(count, folder);
    try {
      await hosts.#up();
    } catch (error) {
      await hosts[Symbol.asyncDispose]();
      throw error;
    }
    return hosts;
  }

  /** Options for Open MPI's mpirun to start one rank on each host. */
  get mpirunOptions(): string[] {
    const network = "10.77.0.0/24";
    return [
      ...["--host", this.names.join(","), "--bind-to", "none"],
      ...["--mca", "plm_rsh_agent", this.#shell],
      ...["--mca", "oob_tcp_if_include", network, "--mca", "btl_tcp_if_include", network],
    ];
  }

  /** A command line that runs on a host. */
  on(host: string, command: readonly string[]): string[] {
    return [this.#shell, host, command.map(shellQuoted).join(" ")];
  }

  /** A host's network namespace, as a file for `nsenter`. */
  networkOf(host: string): string {
    return `/run/netns/${this.#prefix}${host}`;
  }

  /** The address of a host. */
  addressOf(host: string): string {
    return `10.77.0.${this.names.indexOf(host) + 1}`;
  }

  /** Disconnects a host from the network. */
  async cut(host: string): Promise<void> {
    await ip("link", "set", this.#prefix + host, "down");
  }

  /** The processes on a host. */
  async processesOn(host: string): Promise<number[]> {
    return (await ip("netns", "pids", this.#prefix + host)).split("\n").filter(Boolean).map(Number);
  }

  async #up(): Promise<void> {
    const prefix = this.#prefix, bridge = `${prefix}b`;
    await ip("link", "add", bridge, "type", "bridge");
    await ip("link", "set", bridge, "up");
    const known = [
      "127.0.0.1 localhost",
      ...this.names.map((name) => `${this.addressOf(name)} ${name}`),
    ];
    for (const name of this.names) {
      const space = prefix + name;
      // `ip netns exec` uses it in place of /etc/hosts.
      await Deno.mkdir(`/etc/netns/${space}`, { recursive: true });
      await Deno.writeTextFile(`/etc/netns/${space}/hosts`, known.join("\n") + "\n");
      await ip("netns", "add", space);
      await ip("link", "add", space, "type", "veth", "peer", "name", "eth0", "netns", space);
      await ip("link", "set", space, "master", bridge, "up");
      await ip("-n", space, "addr", "add", `${this.addressOf(name)}/24`, "dev", "eth0");
      for (const device of ["eth0", "lo"]) await ip("-n", space, "link", "set", device, "up");
    }
    await Deno.writeTextFile(
      this.#shell,
      `#!/bin/sh
while [ "\${1#-}" != "$1" ]; do shift; done
host=$1; shift
exec ip netns exec ${prefix}$host unshare --uts sh -c 'hostname "$0"; exec sh -c "$1"' $host "$*"
`,
      { mode: 0o755 },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.names) {
      const space = this.#prefix + name;
      for (const pid of await this.processesOn(name).catch(() => [])) {
        try {
          Deno.kill(pid, "SIGKILL");
        } catch { /* It has ended. */ }
      }
      // Explicitly, since the system is slow to remove a namespace with its devices.
      await ip("link", "del", space).catch(() => {});
      await ip("netns", "del", space).catch(() => {});
      await Deno.remove(`/etc/netns/${space}`, { recursive: true }).catch(() => {});
    }
    await ip("link", "del", `${this.#prefix}b`).catch(() => {});
  }
}

async function ip(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("ip", { args }).output();
  if (code !== 0) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

async function canMakeHosts(): Promise<boolean> {
  const missing = ["ip", "unshare"].filter((name) => !isProgram(name));
  if (missing.length > 0) {
    console.warn(`SKIPPED: trainings on several hosts; ${missing.join(" and ")} not found`);
    return false;
  }
  const name = `o${Deno.pid}try`;
  try {
    await ip("netns", "add", name);
    await ip("netns", "del", name);
    return true;
  } catch (error) {
    console.warn(`SKIPPED: trainings on several hosts, which need root: ${error}`);
    return false;
  }
}
