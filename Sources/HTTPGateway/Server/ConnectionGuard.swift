import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Three rules about connections that Hummingbird leaves open:
///
/// - A body has to arrive within `bodyTimeout`, however little of it comes at a time; else the connection ends. (Its idle
///   timeout starts again with every byte.)
/// - A connection ends behind an answer that says `Connection: close`. Where the request has not been read to its end, the
///   sending side ends first and the rest is thrown away for `linger`: a plain close would make the kernel send a reset,
///   which can take the answer from the client before it reads it.
/// - When the listener closes, a connection that has carried nothing yet stays for `linger`: its first request is most
///   likely on its way, and closing now would abort it.
///
/// Lives on its channel's event loop alone.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let bodyTimeout: TimeAmount
    private let linger: TimeAmount
    /// Between a request's head and its end.
    private var isReadingRequest = false
    /// A request has begun to arrive.
    private var isUsed = false
    /// The answer being written says so.
    private var closesBehindAnswer = false
    /// Nothing more is read.
    private var isClosing = false
    private var timer: Scheduled<Void>?
    /// Tells the rest of the pipeline that the listener has closed.
    private var farewell: Scheduled<Void>?

    init(bodyTimeout: TimeAmount, linger: TimeAmount) {
        self.bodyTimeout = bodyTimeout
        self.linger = linger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head:
            isReadingRequest = true
            isUsed = true
        case .body: break
        case .end:
            isReadingRequest = false
            cancelTimer()
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Most requests arrive whole, and never get here with a body outstanding.
        if isReadingRequest, timer == nil { close(context, after: bodyTimeout) }
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.kind != .informational:
            closesBehindAnswer = head.headerFields[.connection] == "close"
            context.write(data, promise: promise)
        case .end where closesBehindAnswer:
            isClosing = true
            let written = promise ?? context.eventLoop.makePromise()
            let isReadingRequest = isReadingRequest
            let context = NIOLoopBound(context, eventLoop: context.eventLoop)
            let handler = NIOLoopBound(self, eventLoop: context.value.eventLoop)
            written.futureResult.whenComplete { _ in
                handler.value.cancelTimer()
                guard isReadingRequest else { return context.value.close(promise: nil) }
                context.value.close(mode: .output, promise: nil)
                handler.value.close(context.value, after: handler.value.linger)
            }
            context.value.write(data, promise: written)
        default:
            context.write(data, promise: promise)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is ChannelShouldQuiesceEvent, !isUsed else { return context.fireUserInboundEventTriggered(event) }
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        farewell = context.value.eventLoop.scheduleTask(in: linger) {
            context.value.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelTimer()
        farewell?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        cancelTimer()
        farewell?.cancel()
    }

    private func close(_ context: ChannelHandlerContext, after delay: TimeAmount) {
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.value.eventLoop.scheduleTask(in: delay) { context.value.close(promise: nil) }
    }

    private func cancelTimer() {
        timer?.cancel()
        timer = nil
    }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
