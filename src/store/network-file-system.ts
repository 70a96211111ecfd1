/** `statfs(2)` types of file systems whose locks or writes reach another machine. Source: linux/magic.h, statfs(2). */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x65735546, "FUSE"],
  [0x01021997, "9P"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x01161970, "GFS2"],
  [0x5346414f, "AFS"],
  [0x73757245, "Coda"],
  [0x564c, "NCP"],
]);

/** Name of the network (or FUSE) file system that a `statfs` type stands for, if it is one. */
export const networkFileSystem = (statfsType: number): string | undefined => NETWORK_TYPES.get(statfsType >>> 0);
