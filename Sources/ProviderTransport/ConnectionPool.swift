import Dispatch
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ProviderKit

/// The shell around `PoolState`: opens, lends and closes one provider's connections, all on one event loop.
final class ConnectionPool: ProviderConnection.Owner {
    /// Where to, and within which bounds.
    struct Settings: Sendable {
        var host: String
        var port: Int
        /// Nil: without TLS, on loopback.
        var tls: NIOSSLContext?
        var connectTimeout: TimeAmount
        var idleTimeout: Duration
        var maxConnections: Int
        var reply: ProviderConnection.ReplyRule
        /// What may be dialled; nil: anything.
        var addresses: AddressRule?

        /// As the `Host` header has it.
        var authority: String {
            let name = host.contains(":") ? "[\(host)]" : host
            return port == (tls == nil ? 80 : 443) ? name : "\(name):\(port)"
        }
    }

    /// A reply whose head is larger is none.
    private static let headBounds: NIOHTTPDecoderLimitConfiguration = {
        var bounds = NIOHTTPDecoderLimitConfiguration()
        bounds.maxHeaderFieldSize = 64 << 10
        bounds.maxHeaderListSize = 64 << 10
        bounds.maxHeaderFieldCount = 100
        return bounds
    }()

    private let settings: Settings
    private let eventLoop: any EventLoop
    private let authority: String
    private let address: SocketAddress?
    private var state: PoolState<ProviderConnection, ProviderCall>
    private var underWay = 0
    private var isShutDown = false
    private var drainWaiters: [CheckedContinuation<Void, Never>] = []
    private var isSweepScheduled = false
    private var lookup: NameLookup?
    private let lookupQueue = DispatchQueue(label: "switchyard.provider-name")

    init(_ settings: Settings, eventLoop: any EventLoop) {
        self.settings = settings
        self.eventLoop = eventLoop
        authority = settings.authority
        address = try? SocketAddress(ipAddress: settings.host, port: settings.port)
        state = PoolState(limit: settings.maxConnections)
    }

    // MARK: Calls

    func begin(_ call: ProviderCall, _ continuation: CheckedContinuation<Transmission, Never>) {
        eventLoop.assertInEventLoop()
        call.begin(continuation)
        underWay += 1
        if isShutDown { return end(call, .notSent(TransportFailure("no_connection", detail: "shut down"))) }
        if call.isCanceled { return end(call, .notSent(TransportFailure("canceled"))) }
        let now = NIODeadline.now()
        guard now < call.deadline else {
            return end(call, .notSent(TransportFailure("timeout", detail: "no time left")))
        }
        switch state.place(call) {
        case .use(let connection):
            start(call, on: connection)
        case .open:
            wait(call, from: now)
            open()
        case .wait:
            wait(call, from: now)
        }
    }

    /// Ends the call where it is; one that has not begun will not.
    func cancel(_ call: ProviderCall) {
        eventLoop.assertInEventLoop()
        call.isCanceled = true
        giveUp(call, beforeSending: "canceled", afterSending: "canceled")
    }

    private func wait(_ call: ProviderCall, from now: NIODeadline) {
        let until = min(now + settings.connectTimeout, call.deadline)
        call.timer = eventLoop.assumeIsolated().scheduleTask(deadline: until) {
            self.giveUp(
                call, beforeSending: self.state.isUsedUp ? "no_connection" : "connect_timeout", afterSending: "timeout")
        }
    }

    private func start(_ call: ProviderCall, on connection: ProviderConnection) {
        call.timer?.cancel()
        call.timer = eventLoop.assumeIsolated().scheduleTask(deadline: call.deadline) {
            self.giveUp(call, beforeSending: "timeout", afterSending: "timeout")
        }
        connection.start(call)
    }

    private func giveUp(_ call: ProviderCall, beforeSending: String, afterSending: String) {
        guard !call.isOver else { return }
        if call.mayHaveLeft {
            // The reply may still come: the connection is of no more use.
            let connection = call.connection
            end(call, .sentWithoutReply(TransportFailure(afterSending)))
            connection?.close(ConnectionEnded())
        } else {
            state.withdraw(call)
            end(call, .notSent(TransportFailure(beforeSending)))
        }
    }

    private func end(_ call: ProviderCall, _ transmission: Transmission) {
        guard !call.isOver else { return }
        call.end(transmission)
        underWay -= 1
        if underWay == 0 { resumeDrainWaiters() }
    }

    // MARK: Shutdown

    /// No call begins from here on.
    func shutDown() {
        eventLoop.assertInEventLoop()
        isShutDown = true
        for connection in state.takeIdle(since: .now) { connection.close(ConnectionEnded()) }
        if underWay == 0 { resumeDrainWaiters() }
    }

    /// Resumed when no call is under way, after `shutDown`.
    func drained(_ continuation: CheckedContinuation<Void, Never>) {
        drainWaiters.append(continuation)
        if underWay == 0 { resumeDrainWaiters() }
    }

    private func resumeDrainWaiters() {
        guard isShutDown else { return }
        let waiters = drainWaiters
        drainWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    // MARK: Connections

    private func open() {
        if let address, let rule = settings.addresses, !rule.allows(address) {
            // Later, as every other end of an attempt: the call is placed by then.
            return eventLoop.assumeIsolated().execute { self.failedToOpen(AddressRule.Refused()) }
        }
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(settings.connectTimeout)
            .channelInitializer { [settings, authority] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls = settings.tls {
                        let isName = (try? SocketAddress(ipAddress: settings.host, port: 0)) == nil
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: isName ? settings.host : nil))
                    }
                    // Header fields are valid by their type, the target was checked: no second look at them.
                    try pipeline.addHTTPClientHandlers(
                        enableOutboundHeaderValidation: false, decoderLimitConfiguration: Self.headBounds)
                    try pipeline.addHandler(
                        ProviderConnection(
                            isSecure: settings.tls != nil, host: authority, reply: settings.reply))
                }
            }
        let attempt = Attempt()
        let timer = eventLoop.assumeIsolated().scheduleTask(in: settings.connectTimeout) {
            attempt.isTimedOut = true
            let error = ChannelError.connectTimeout(self.settings.connectTimeout)
            if let connection = attempt.connection { connection.close(error) } else { self.failedToOpen(error) }
        }
        let channel =
            address.map { bootstrap.connect(to: $0) }
            ?? bootstrap.resolver(lookUp()).connect(host: settings.host, port: settings.port)
        channel.assumeIsolated().whenComplete { result in
            let connection = result.flatMap { channel in
                Result { try channel.pipeline.syncOperations.handler(type: ProviderConnection.self) }
            }
            switch connection {
            case .success(let connection) where attempt.isTimedOut:
                connection.abandon()
            case .success(let connection):
                attempt.connection = connection
                connection.adopt(by: self, timer: timer)
            case .failure(let error) where !attempt.isTimedOut:
                timer.cancel()
                self.failedToOpen(error)
            case .failure:
                break
            }
        }
    }

    /// The lookup that is under way, or a new one.
    private func lookUp() -> NameLookup {
        if let lookup { return lookup }
        let lookup = NameLookup(
            host: settings.host, port: settings.port, allowed: settings.addresses, eventLoop: eventLoop,
            queue: lookupQueue)
        self.lookup = lookup
        lookup.result.assumeIsolated().whenComplete { _ in self.lookup = nil }
        return lookup
    }

    /// What an attempt and its timer share.
    private final class Attempt {
        var isTimedOut = false
        var connection: ProviderConnection?
    }

    func opened(_ connection: ProviderConnection) {
        lend(connection, to: state.opened(connection, now: .now))
    }

    func failedToOpen(_ connection: ProviderConnection, _ error: any Error) {
        failedToOpen(error)
    }

    private func failedToOpen(_ error: any Error) {
        let failure = TransportFailure(connecting: error, isSecure: settings.tls != nil)
        for call in state.openingFailed() { end(call, .notSent(failure)) }
    }

    func received(_ reply: ProviderReply, for call: ProviderCall) {
        end(call, .replied(reply))
    }

    func freed(_ connection: ProviderConnection) {
        lend(connection, to: state.freed(connection, now: .now))
    }

    func ended(_ connection: ProviderConnection, wasIdle: Bool, _ call: ProviderCall?, _ error: any Error) {
        if wasIdle {
            state.idleEnded(connection)
        } else if state.busyEnded() {
            open()
        }
        if let call { end(call, .sentWithoutReply(TransportFailure(receiving: error))) }
    }

    private func lend(_ connection: ProviderConnection, to call: ProviderCall?) {
        if let call {
            start(call, on: connection)
        } else if isShutDown {
            for connection in state.takeIdle(since: .now) { connection.close(ConnectionEnded()) }
        } else {
            scheduleSweep()
        }
    }

    /// One timer for all that are idle.
    private func scheduleSweep() {
        guard !isSweepScheduled, let since = state.idleSince else { return }
        isSweepScheduled = true
        let wait = since + settings.idleTimeout - .now
        eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(max(.zero, wait))) {
            self.isSweepScheduled = false
            for connection in self.state.takeIdle(since: .now - self.settings.idleTimeout) {
                connection.close(ConnectionEnded())
            }
            self.scheduleSweep()
        }
    }
}
