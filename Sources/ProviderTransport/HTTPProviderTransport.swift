package import Logging
package import NIOCore
import NIOPosix
import NIOSSL
import PaymentModel
package import ProviderKit

// How far did a call get?
//
// Money depends on the answer: 'not sent' lets the engine try another provider, so it must be proven, and whatever is
// not proven is 'sent'. General HTTP clients do not tell (AsyncHTTPClient's `deadlineExceeded` comes for calls that
// wait for a connection and for calls that wait for their reply), and cost more CPU time than the rest of a payment's
// way to its provider. So the few hundred lines between NIO's sockets, TLS and HTTP codec and the engine are ours:
//
//  1. One transport lives on one event loop: its connections, timers and calls. What follows happens one after the
//     other, without locks.
//  2. Only `ProviderConnection.start` gives bytes of a request to a channel, and it calls `ProviderCall.depart` right
//     before. A call that ends without having departed is withdrawn from the pool in the same turn, so nothing of it
//     can leave afterwards either. That is 'not sent', whatever the error; all else is 'sent'.
//  3. `depart` traps on a second time: a request is given to one connection once and never again.
//  4. A connection carries one call at a time and is lent again only after a whole reply with nothing behind it
//     (`channelReadComplete`), so that no reply is taken for another call's. A call that is given up ends its
//     connection.
//
// What remains ambiguous by nature is a kept connection that the provider closes just as we send: 'sent, reset'. It is
// kept rare by taking the freshest connection, after all that the sockets reported was seen, and by giving idle ones
// back before the usual server does (`idleTimeout`).

/// Sends requests to one provider instance over HTTP/1.1, with connections of its own.
package final class HTTPProviderTransport: ProviderTransport {
    /// Connections are closed after this long without use. Five seconds is the shortest common keep-alive of servers
    /// (Node.js, Apache), and a connection must be given up before its server does.
    static let idleTimeout = Duration.seconds(4)

    /// No call lasts longer, whatever it asks for.
    static let maxTimeout = Duration.seconds(3600)

    private let eventLoop: any EventLoop
    private let pool: NIOLoopBoundBox<ConnectionPool>
    private let basePath: String
    private let logger: Logger

    /// Makes a transport. Nothing is dialled yet.
    ///
    /// - Parameters:
    ///   - baseURL: Scheme, host and optional prefix; a request's path is added to it as it is. `http` is for
    ///     loopback only.
    ///   - connectTimeout: For a connection to be there: a free one, or name, TCP and TLS of a new one.
    ///   - maxConnections: Open at a time; further calls wait for one, for `connectTimeout` at most.
    ///   - extraRootsPath: A PEM file of roots that are trusted beside the system's.
    ///   - maxReplyBytes: A longer body is no reply (`unreadable_reply`).
    ///   - eventLoopGroup: One of its loops is taken; it must outlive the transport.
    /// - Throws: What is wrong with the address or the file.
    package convenience init(
        baseURL: String, connectTimeout: Duration, maxConnections: Int = 64, extraRootsPath: String? = nil,
        maxReplyBytes: Int = 1 << 20,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger
    ) throws(TransportFault) {
        try self.init(
            baseURL: baseURL, connectTimeout: connectTimeout, maxConnections: maxConnections,
            extraRootsPath: extraRootsPath, reply: .whole(most: maxReplyBytes), addresses: nil,
            eventLoopGroup: eventLoopGroup, logger: logger)
    }

    /// - Parameters:
    ///   - reply: What of a reply is kept.
    ///   - addresses: What may be dialled; anything where it is nil.
    init(
        baseURL: String, connectTimeout: Duration, maxConnections: Int, extraRootsPath: String? = nil,
        reply: ProviderConnection.ReplyRule, addresses: AddressRule?, eventLoopGroup: any EventLoopGroup,
        logger: Logger
    ) throws(TransportFault) {
        precondition(maxConnections > 0 && reply.most > 0, "limits are positive")
        precondition(connectTimeout > .zero, "a connection takes time")
        if let problem = WebAddress.problem(with: baseURL) { throw .address(problem) }
        guard let address = WebAddress(baseURL), !address.path.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw .address("must have neither query nor fragment")
        }
        let settings = ConnectionPool.Settings(
            host: address.host, port: address.effectivePort,
            tls: address.isSecure ? try Self.tls(extraRootsPath: extraRootsPath) : nil,
            connectTimeout: TimeAmount(min(connectTimeout, Self.maxTimeout)), idleTimeout: Self.idleTimeout,
            maxConnections: maxConnections, reply: reply, addresses: addresses)
        basePath = String(address.path.reversed().drop { $0 == "/" }.reversed())
        eventLoop = eventLoopGroup.next()
        pool = .makeBoxSendingValue(ConnectionPool(settings, eventLoop: eventLoop), eventLoop: eventLoop)
        self.logger = logger
    }

    deinit {
        eventLoop.execute { [pool] in pool.value.shutDown() }
    }

    package func send(_ request: ProviderRequest, timeout: Duration) async -> Transmission {
        // What is no request target would let a path write headers.
        guard request.path.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            return .notSent(TransportFailure("invalid_request", detail: "the path is not printable ASCII"))
        }
        let deadline = NIODeadline.now() + TimeAmount(max(.zero, min(timeout, Self.maxTimeout)))
        let call = ProviderCall(request, target: basePath + request.path, deadline: deadline)
        let transmission = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                eventLoop.execute { [pool] in pool.value.begin(call, continuation) }
            }
        } onCancel: {
            eventLoop.execute { [pool] in pool.value.cancel(call) }
        }
        switch transmission {
        case .replied: break
        case .notSent(let failure): log(failure, sent: false)
        case .sentWithoutReply(let failure): log(failure, sent: true)
        }
        return transmission
    }

    /// Ends the taking of calls at once, waits for those under way (each ends by its own timeout), and closes the
    /// connections. A call that comes later is `notSent(no_connection)`.
    package func shutdown() async {
        await withCheckedContinuation { continuation in
            eventLoop.execute { [pool] in
                pool.value.shutDown()
                pool.value.drained(continuation)
            }
        }
    }

    private func log(_ failure: TransportFailure, sent: Bool) {
        logger.debug(
            "provider call failed",
            metadata: ["reason": "\(failure.reason)", "sent": "\(sent)", "detail": "\(failure.detail ?? "")"])
    }

    /// The system's roots and ours. Certificates are always verified; nothing turns that off.
    static func tlsConfiguration(extraRootsPath: String?) throws(TransportFault) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        if let extraRootsPath {
            guard let roots = try? NIOSSLCertificate.fromPEMFile(extraRootsPath), !roots.isEmpty else {
                throw .extraRoots("\(extraRootsPath) holds no readable PEM certificates")
            }
            tls.additionalTrustRoots = [.certificates(roots)]
        }
        return tls
    }

    private static func tls(extraRootsPath: String?) throws(TransportFault) -> NIOSSLContext {
        let configuration = try tlsConfiguration(extraRootsPath: extraRootsPath)
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw .extraRoots("TLS cannot be set up: \(error)")
        }
    }
}
