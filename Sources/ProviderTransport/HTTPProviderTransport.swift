import AsyncHTTPClient
import HTTPTypes
package import Logging
package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PaymentModel
package import ProviderKit

// How far did a call get?
//
// Money depends on the answer: 'not sent' lets the engine try another provider, so it must be proven, and whatever
// is not proven is 'sent'. AsyncHTTPClient's errors prove nothing (`deadlineExceeded` comes for requests that wait
// for a connection and for requests that wait for their reply). What proves it here is order on one thread:
//
//  1. One client lives on one event loop: its connections, its timers and the callbacks of every exchange. So all
//     that follows happens one after the other, and no callback is late because it had to change threads.
//  2. AsyncHTTPClient (1.37: `HTTP1ClientChannelHandler.sendRequestHead`, `HTTPRequestStateMachine.headSent`) writes
//     the head first, then calls `didSendRequestHead`, and only then pulls the body, all within one turn of the loop.
//     The head alone may thus be written before the body is first pulled. Both call `HTTPExchange.depart`.
//  3. A request with a body: `WholeRequestFlush` keeps the head back until the body is written behind it. A failure
//     that finds the flag unset therefore comes before anything was given to the socket, and after it nothing will
//     be: a failed exchange's body is never pulled (`RequestBag.StateMachine.resumeRequestBodyStream`, `.finished`).
//     Were the handler missing, at most a head that announces a `Content-Length` could have left without its body,
//     which no HTTP server takes for a complete request (RFC 9112 §8).
//  4. A request without a body is written whole, in one flush, right before the flag is set. Only a failure from
//     within that very flush finds it unset: the kernel then refused a part of the request (a broken connection), so
//     what may have left is again incomplete.
//  5. A request is given to one connection once. AsyncHTTPClient has no retry after that; connection attempts are
//     not retried either (`retryConnectionEstablishment`), and redirects are not followed.
//
// What remains ambiguous by nature is a kept connection that the provider closes just as we send: 'sent, reset'.
// It is kept rare by giving idle connections back after `idleTimeout`, before the usual server does.

/// Sends requests to one provider instance over HTTP/1.1, with connections of its own.
package final class HTTPProviderTransport: ProviderTransport {
    /// Connections are closed after this long without use. Five seconds is the shortest common keep-alive of servers
    /// (Node.js, Apache), and a connection must be given up before its server does.
    static let idleTimeout = TimeAmount.seconds(4)

    /// No call lasts longer, whatever it asks for.
    static let maxTimeout = Duration.seconds(3600)

    private let client: HTTPClient
    private let eventLoop: any EventLoop
    private let requests: RequestCache
    private let load: ConnectionLoad
    private let maxReplyBytes: Int
    private let isSecure: Bool
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
    ///   - eventLoopGroup: One of its loops is taken. Name lookups of one loop wait for each other.
    /// - Throws: What is wrong with the address or the file.
    package init(
        baseURL: String, connectTimeout: Duration, maxConnections: Int = 64, extraRootsPath: String? = nil,
        maxReplyBytes: Int = 1 << 20,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger
    ) throws(TransportFault) {
        precondition(maxConnections > 0 && maxReplyBytes > 0, "limits are positive")
        precondition(connectTimeout > .zero, "a connection takes time")
        if let problem = WebAddress.problem(with: baseURL) { throw .address(problem) }
        guard let address = WebAddress(baseURL), !address.path.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw .address("must have neither query nor fragment")
        }

        let configuration = try Self.configuration(
            connectTimeout: connectTimeout, maxConnections: maxConnections, extraRootsPath: extraRootsPath)
        eventLoop = eventLoopGroup.next()
        // Without a logger: at its finest level the client would log replies, tokens included.
        client = HTTPClient(eventLoopGroupProvider: .shared(eventLoop), configuration: configuration)
        requests = RequestCache(baseURL: baseURL)
        load = ConnectionLoad(maxConnections: maxConnections)
        self.maxReplyBytes = maxReplyBytes
        isSecure = address.isSecure
        self.logger = logger
    }

    deinit {
        // Calls hold the transport, so none is under way.
        if load.shutDown() { _ = client.shutdown() as EventLoopFuture<Void> }
    }

    package func send(_ request: ProviderRequest, timeout: Duration) async -> Transmission {
        let deadline = NIODeadline.now() + TimeAmount(max(.zero, min(timeout, Self.maxTimeout)))
        let exchange = HTTPExchange(load: load, maxReplyBytes: maxReplyBytes)
        let outgoing: HTTPClient.Request
        do {
            outgoing = try self.outgoing(request, of: exchange)
        } catch {
            return .notSent(failure(of: error, mayHaveLeft: false))
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                eventLoop.execute {
                    self.start(exchange, outgoing, deadline: deadline, continuation: continuation)
                }
            }
        } onCancel: {
            exchange.cancel()
        }
    }

    /// Ends the taking of calls at once, waits for those under way (each ends by its own timeout), then closes the
    /// connections. A call that comes later is `notSent(no_connection)`.
    package func shutdown() async {
        guard load.shutDown() else { return }
        await load.drained()
        try? await client.shutdown()
    }

    /// The client's form of a request. Its body is made when the client asks for it.
    private func outgoing(_ request: ProviderRequest, of exchange: HTTPExchange) throws -> HTTPClient.Request {
        var outgoing = try requests.request(request.method, request.path)
        var headers = HTTPHeaders()
        headers.reserveCapacity(request.headers.count + 2)
        for field in request.headers {
            headers.add(name: field.name.rawName, value: field.value)
        }
        outgoing.headers = headers
        if !request.body.isEmpty {
            outgoing.body = .stream(contentLength: Int64(request.body.count)) { [eventLoop] writer in
                guard exchange.depart() else { return eventLoop.makeFailedFuture(HTTPExchange.Over()) }
                // In one part: `WholeRequestFlush` counts on it.
                return writer.write(.byteBuffer(ByteBuffer(bytes: request.body)))
            }
        }
        return outgoing
    }

    /// On the event loop, so that lending a connection and writing to it are one turn of the loop, after all that
    /// the sockets have reported: a connection that is known to be closed is never lent.
    private func start(
        _ exchange: HTTPExchange, _ request: HTTPClient.Request, deadline: NIODeadline,
        continuation: CheckedContinuation<Transmission, Never>
    ) {
        guard load.begin() else {
            return continuation.resume(returning: .notSent(TransportFailure("no_connection", detail: "shut down")))
        }
        // The client's own timer for it would fire after the request was written.
        guard NIODeadline.now() < deadline else {
            load.end(heldConnection: false)
            return continuation.resume(returning: .notSent(TransportFailure("timeout", detail: "no time left")))
        }
        guard !exchange.isCanceled else {
            load.end(heldConnection: false)
            return continuation.resume(returning: .notSent(TransportFailure("canceled")))
        }
        let task = client.execute(
            request: request, delegate: exchange, eventLoop: .delegate(on: eventLoop), deadline: deadline)
        exchange.started(task)
        task.futureResult.whenComplete { result in
            let mayHaveLeft = exchange.ended()
            let transmission: Transmission
            switch result {
            case .success(let reply):
                transmission = .replied(reply)
            case .failure(let error):
                let failure = self.failure(of: error, mayHaveLeft: mayHaveLeft)
                transmission = mayHaveLeft ? .sentWithoutReply(failure) : .notSent(failure)
            }
            self.load.end(heldConnection: mayHaveLeft)
            continuation.resume(returning: transmission)
        }
    }

    private func failure(of error: any Error, mayHaveLeft: Bool) -> TransportFailure {
        let failure = TransportFailure(
            of: error, mayHaveLeft: mayHaveLeft, isSecure: isSecure, connectionsUsedUp: load.isUsedUp)
        logger.debug(
            "provider call failed",
            metadata: [
                "reason": "\(failure.reason)", "sent": "\(mayHaveLeft)", "detail": "\(failure.detail ?? "")",
            ])
        return failure
    }

    /// The client does nothing by itself: no redirect, no second attempt, no decompression, no log. Certificates are
    /// always verified, under the system's roots and ours; nothing turns that off.
    static func configuration(
        connectTimeout: Duration, maxConnections: Int, extraRootsPath: String?
    ) throws(TransportFault) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let extraRootsPath {
            guard let roots = try? NIOSSLCertificate.fromPEMFile(extraRootsPath), !roots.isEmpty else {
                throw .extraRoots("\(extraRootsPath) holds no readable PEM certificates")
            }
            tls.additionalTrustRoots = [.certificates(roots)]
        }
        var configuration = HTTPClient.Configuration()
        configuration.tlsConfiguration = tls
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        configuration.timeout.connect = TimeAmount(min(connectTimeout, maxTimeout))
        configuration.connectionPool.idleTimeout = idleTimeout
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = maxConnections
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = WholeRequestFlush.install
        configuration.tracing.tracer = nil
        return configuration
    }
}
