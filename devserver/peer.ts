// Who is at the other end of a Unix socket: only a process of our own user may talk to the dev server.

import type { Socket } from "node:net";
import { failure, type Result, success } from "../plugin/errors.js";

/** SO_PEERCRED of a connected Unix socket, undefined if it cannot be told; plugin/elf has it. */
export type PeerCredentials = (fd: number) => { readonly pid: number; readonly uid: number } | undefined;

/** E_PEER unless the peer is of this user. Without `credentials` the directory's mode is what protects. */
export function checkPeer(socket: Socket, credentials: PeerCredentials | undefined): Result<void> {
  if (credentials === undefined) return success(undefined);
  const fd = fileDescriptor(socket);
  const peer = fd === undefined ? undefined : credentials(fd);
  if (peer === undefined) return failure("E_PEER", "It cannot be told who connected to the socket.");
  const own = process.getuid?.();
  if (peer.uid === own) return success(undefined);
  return failure("E_PEER", `Process ${peer.pid} of user ${peer.uid} connected, but this is the server of user ${own}.`);
}

/** Node keeps the descriptor in the socket's handle, which is not in its types. */
function fileDescriptor(socket: Socket): number | undefined {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } };
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
}
