import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Turns new connections away before a listening socket closes, and lets those in that were made already.
///
/// The kernel makes connections by itself; the program takes them later. Those in between are reset when the listening
/// socket closes, with the requests that their callers have sent: under load there is nearly always one. (And one that the
/// program has just taken, and not begun with, stops the whole process: NIO traps on it.) So first the socket is told to
/// ignore attempts to connect, then all that wait are taken, and then it can close. Linux can do that; elsewhere the last
/// connections may be reset.
package final class Door: Service {
    /// For connections that are half made.
    private static let roundTrip = Duration.milliseconds(20)
    /// For those that wait. They are taken at once, unless the listener has as many as it may.
    private static let emptying = Duration.seconds(1)

    private let channel = Mutex<(any Channel)?>(nil)

    func stands(before channel: any Channel) { self.channel.withLock { $0 = channel } }

    /// Waits for a graceful shutdown, and ends when the listener may close.
    package func run() async throws {
        try? await gracefulShutdown()
        #if os(Linux)
            guard let channel = channel.withLock({ $0 }), let options = channel as? any SocketOptionProvider else {
                return
            }
            do {
                try await options.unsafeSetSocketOption(
                    level: .socket, name: .init(rawValue: PacketFilter.option), value: PacketFilter.noConnections
                ).get()
                try await Task.sleep(for: Self.roundTrip)
                let end = ContinuousClock.now + Self.emptying
                // Of a listening socket these are the connections that wait to be taken.
                while try await options.getTCPInfo().get().tcpi_unacked > 0, ContinuousClock.now < end {
                    try await Task.sleep(for: .milliseconds(5))
                }
                // Each is made ready on a loop of its own, and handed over on the listener's: one turn, and one more.
                for _ in 0..<2 {
                    for loop in MultiThreadedEventLoopGroup.singleton.makeIterator() { try await loop.submit {}.get() }
                }
            } catch {
                // The socket cannot do it, or is closed already: then nothing is gained by waiting.
            }
        #endif
    }
}

#if os(Linux)
    /// A program of the kernel's for the packets of one socket: `struct sock_fprog` of `<linux/filter.h>`.
    ///
    /// `@unchecked Sendable`: what it points to is never changed and never freed.
    private struct PacketFilter: @unchecked Sendable {
        /// `struct sock_filter`.
        private struct Instruction {
            let code: UInt16
            let ifTrue: UInt8
            let ifFalse: UInt8
            let value: UInt32
        }

        private let count: UInt16
        private let first: UnsafePointer<Instruction>

        private init(_ instructions: [Instruction]) {
            let memory = UnsafeMutablePointer<Instruction>.allocate(capacity: instructions.count)
            memory.initialize(from: instructions, count: instructions.count)
            count = UInt16(instructions.count)
            first = UnsafePointer(memory)
        }

        /// `SO_ATTACH_FILTER` of `<asm-generic/socket.h>`.
        static let option: CInt = 26

        /// Drops the packets that ask for a connection (SYN), and passes those of connections that are being made. (A
        /// connection inherits the filter, and has no use for such packets.)
        static let noConnections = PacketFilter([
            // The flags of the TCP header.
            Instruction(code: 0x30, ifTrue: 0, ifFalse: 0, value: 13),
            Instruction(code: 0x45, ifTrue: 0, ifFalse: 1, value: 0x02),
            Instruction(code: 0x06, ifTrue: 0, ifFalse: 0, value: 0),
            Instruction(code: 0x06, ifTrue: 0, ifFalse: 0, value: .max),
        ])
    }
#endif
