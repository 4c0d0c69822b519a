import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL
import PaymentEngine

/// The rules of a connection that Hummingbird leaves open:
///
/// - A request has to arrive within `read`, from its first byte to its last one, however little comes at a time; else it is
///   408. (Hummingbird's idle timeout starts again with every part, and knows no unfinished head.)
/// - What the parser refuses is answered with what is wrong: 431 for header fields beyond their bounds, else 400; and so is
///   what it lets pass, none or two `Host` (RFC 9112 §3.2).
/// - One request is passed on at a time. Those that were sent ahead of its answer are held back, a bounded number of them, and
///   nothing more is read meanwhile. None is begun behind an answer that ends the connection.
/// - A connection ends behind an answer that says `Connection: close`. Where something of the caller's may still be on its way,
///   the sending side ends first and the rest is thrown away for `linger`: a plain close would make the kernel send a reset,
///   which can take the answer from the caller before it reads it.
/// - An answer that nobody takes ends the connection after `idle`.
/// - A surplus connection gets 503 at once.
/// - While the server shuts down, an unfinished request has `drain` left. A connection that has carried nothing yet stays as
///   long: its first request is most likely on its way, and closing would abort it.
///
/// Lives on its channel's event loop alone.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Parts of requests that were sent ahead of an answer. One read brings hardly more; a caller that sends and ends its side
    /// makes NIO read all that the kernel has.
    private static let mostHeld = 1024

    private let limits: Listener.Limits
    private let connections: ConnectionCount
    /// Writes the answer to what is refused here.
    private let reply: @Sendable (Problem) -> Reply

    /// Between the head and the end of the request that was passed on last.
    private var isInRequest = false
    /// Bytes of the next request came, and not yet its head.
    private var hasBegunHead = false
    /// The request that was passed on last has not been answered to the end.
    private var isAnswering = false
    /// Something of that answer was written.
    private var hasBegunAnswer = false
    /// The answer being written ends the connection.
    private var closesBehindAnswer = false
    /// Nothing more is taken from the caller, nor from Hummingbird.
    private var isClosing = false
    /// Only our own timer ends the connection, or the caller.
    private var isLingering = false
    private var isDraining = false
    /// A request has begun to arrive.
    private var isUsed = false
    private var isInputClosed = false
    /// This read has brought a part.
    private var gotPart = false
    /// What comes behind the answer that is under way.
    private var held = CircularBuffer<HTTPRequestPart>()
    /// More came than is held: the connection ends behind the last one.
    private var isOverfull = false
    /// What is wrong with what comes behind the answers that are still to come.
    private var refusal: Problem?
    private var owesRead = false
    private var isSurplus = false
    private var readTimer: Scheduled<Void>?
    private var stallTimer: Scheduled<Void>?
    /// Tells the rest of the pipeline that the listener has closed.
    private var farewell: Scheduled<Void>?

    init(limits: Listener.Limits, connections: ConnectionCount, reply: @escaping @Sendable (Problem) -> Reply) {
        self.limits = limits
        self.connections = connections
        self.reply = reply
    }

    // MARK: The connection

    func handlerAdded(context: ChannelHandlerContext) {
        isSurplus = connections.open()
        do {
            let pipeline = context.pipeline.syncOperations
            let codec = try pipeline.handler(type: HTTP1ToHTTPServerCodec.self)
            try pipeline.addHandler(HostRule(), position: .before(codec))
        } catch {
            // Without the rule no request may pass.
            context.close(promise: nil)
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        guard isSurplus else { return }
        refuse(
            context,
            Problem(.overloaded, "There are too many connections now; send it again", retryAfter: 1))
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelTimers()
        farewell?.cancel()
        held.removeAll()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        cancelTimers()
        farewell?.cancel()
        connections.close()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: isInputClosed = true
        case is ChannelShouldQuiesceEvent:
            isDraining = true
            if readTimer != nil { restartReadTimer(context) }
            if stallTimer != nil { restartStallTimer(context) }
            guard isUsed else { return quiesceLater(context) }
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        gotPart = true
        guard !isClosing, refusal == nil, !isOverfull else { return }
        let part = unwrapInboundIn(data)
        if held.isEmpty, !(isAnswering && part.isHead) { return pass(part, as: data, context) }
        if held.count < Self.mostHeld { held.append(part) } else { isOverfull = true }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !gotPart, !isInRequest, held.isEmpty, !isInputClosed { hasBegunHead = true }
        gotPart = false
        if isReading, readTimer == nil { restartReadTimer(context) }
        context.fireChannelReadComplete()
        if isClosing { context.read() }
    }

    func read(context: ChannelHandlerContext) {
        if isClosing || held.isEmpty && refusal == nil { context.read() } else { owesRead = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The parser repeats its error for all that still comes.
        guard refusal == nil, !isClosing else { return }
        switch error {
        // Many callers end a connection without TLS's own goodbye. That is an end like any other: HTTP itself tells
        // whether a request came whole.
        case NIOSSLError.uncleanShutdown: break
        case is IOError, is ChannelError, is NIOSSLError, is BoringSSLError: context.fireErrorCaught(error)
        case HTTPParserError.headerOverflow:
            refuse(
                context,
                Problem(
                    .headersTooLarge,
                    "A request may have \(limits.headerCount) header fields and \(limits.headerSize) bytes of them"))
        case is HostRule.Fault: refuse(context, Problem(.malformedRequest, "A request has exactly one Host"))
        default: refuse(context, Problem(.malformedRequest, "This is not HTTP/1.1"))
        }
    }

    private var isReading: Bool {
        !isClosing && refusal == nil && (isInRequest || hasBegunHead && !isAnswering)
    }

    private func pass(_ part: HTTPRequestPart, as data: NIOAny, _ context: ChannelHandlerContext) {
        switch part {
        case .head:
            isUsed = true
            isInRequest = true
            isAnswering = true
            hasBegunHead = false
        case .body: break
        case .end:
            isInRequest = false
            readTimer?.cancel()
            readTimer = nil
        }
        context.fireChannelRead(data)
    }

    /// Goes on behind an answer.
    private func passNext(_ context: ChannelHandlerContext) {
        if !held.isEmpty {
            while let part = held.first, !(isAnswering && part.isHead) {
                held.removeFirst()
                pass(part, as: wrapInboundOut(part), context)
            }
            context.fireChannelReadComplete()
        }
        if isReading, readTimer == nil { restartReadTimer(context) }
        guard held.isEmpty else { return }
        if !isAnswering, !isInRequest, let refusal {
            answer(refusal, context)
        } else if isOverfull {
            isAnswering ? closesBehindAnswer = true : end(context, written: context.eventLoop.makeSucceededVoidFuture())
        } else if owesRead {
            owesRead = false
            context.read()
        }
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.succeed(())
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.kind != .informational:
            hasBegunAnswer = true
            if head.headerFields[.connection] == "close" { closesBehindAnswer = true }
            context.write(data, promise: promise)
        case .end:
            isAnswering = false
            hasBegunAnswer = false
            guard closesBehindAnswer else {
                context.write(data, promise: promise)
                return passNext(context)
            }
            let written = promise ?? context.eventLoop.makePromise()
            context.write(data, promise: written)
            end(context, written: written.futureResult)
        default:
            context.write(data, promise: promise)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard isLingering else { return context.close(mode: mode, promise: promise) }
        promise?.succeed(())
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            stallTimer?.cancel()
            stallTimer = nil
        } else {
            restartStallTimer(context)
        }
        context.fireChannelWritabilityChanged()
    }

    /// Answers with a problem what cannot be passed on, behind the answers that are still to come.
    private func refuse(_ context: ChannelHandlerContext, _ problem: Problem) {
        guard !isClosing, refusal == nil else { return }
        refusal = problem
        readTimer?.cancel()
        readTimer = nil
        if hasBegunAnswer {
            closesBehindAnswer = true
        } else if isInRequest || !isAnswering {
            answer(problem, context)
        }
    }

    private func answer(_ problem: Problem, _ context: ChannelHandlerContext) {
        // What was answered before it came to its end gets no second answer.
        guard isAnswering || !isInRequest else { return context.close(promise: nil) }
        let reply = reply(problem)
        let head = HTTPResponse(status: .init(answering: reply.status), headerFields: reply.headers)
        let written = context.eventLoop.makePromise(of: Void.self)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(reply.body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        let waitsForBody = isAnswering
        end(context, written: written.futureResult)
        // Ends the reading of the body. Hummingbird answers a parser's error, which goes nowhere, and waits for the close.
        if waitsForBody { context.fireErrorCaught(HTTPParserError.unknown) }
    }

    /// Ends the connection once the last answer is written.
    private func end(_ context: ChannelHandlerContext, written: EventLoopFuture<Void>) {
        let hasMore = isInRequest || !held.isEmpty || isOverfull || refusal != nil
        isClosing = true
        isLingering = hasMore
        held.removeAll()
        cancelTimers()
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        written.whenComplete { _ in
            guard hasMore else { return context.value.close(promise: nil) }
            context.value.close(mode: .output, promise: nil)
            handler.value.readTimer = handler.value.close(context.value, after: handler.value.limits.linger)
            context.value.read()
        }
    }

    // MARK: Timers

    private func restartReadTimer(_ context: ChannelHandlerContext) {
        readTimer?.cancel()
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        readTimer = context.value.eventLoop.scheduleTask(in: TimeAmount(isDraining ? limits.drain : limits.read)) {
            handler.value.readTimer = nil
            handler.value.tookTooLong(context.value)
        }
    }

    private func tookTooLong(_ context: ChannelHandlerContext) {
        guard isReading else { return }
        refuse(
            context,
            isDraining
                ? Problem(.shuttingDown, "This process takes no more of this request; send it again", retryAfter: 1)
                : Problem(.requestTimeout, "A request has to come to its end within \(limits.read)"))
    }

    private func restartStallTimer(_ context: ChannelHandlerContext) {
        stallTimer?.cancel()
        stallTimer = close(context, after: isDraining ? limits.drain : limits.idle)
    }

    private func close(_ context: ChannelHandlerContext, after delay: Duration) -> Scheduled<Void> {
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        return context.value.eventLoop.scheduleTask(in: TimeAmount(delay)) { context.value.close(promise: nil) }
    }

    private func quiesceLater(_ context: ChannelHandlerContext) {
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        farewell = context.value.eventLoop.scheduleTask(in: TimeAmount(limits.drain)) {
            context.value.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    private func cancelTimers() {
        readTimer?.cancel()
        readTimer = nil
        stallTimer?.cancel()
        stallTimer = nil
    }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}

extension HTTPRequestPart {
    fileprivate var isHead: Bool {
        if case .head = self { true } else { false }
    }
}
