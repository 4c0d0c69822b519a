import NIOCore
import NIOHTTP1
import NIOPosix
import ProviderKit

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension TransportFailure {
    /// Names why a connection could not be opened.
    init(connecting error: any Error, isSecure: Bool) {
        let reason =
            switch error {
            case ChannelError.connectTimeout: "connect_timeout"
            case is AddressRule.Refused: "address_refused"
            case let error as NIOConnectionError where error.dnsAError is AddressRule.Refused: "address_refused"
            case let error as NIOConnectionError: Self.reason(ofConnecting: error, isSecure: isSecure)
            case let error as IOError: Self.reason(ofConnecting: error, isSecure: isSecure)
            default: isSecure ? "tls_failed" : "connect_failed"
            }
        self.init(reason, detail: Self.detail(of: error))
    }

    /// Names why no whole reply came.
    init(receiving error: any Error) {
        let reason =
            switch error {
            case is HTTPParserError, is NIOHTTPDecoderError, is ReplyTooLarge: "unreadable_reply"
            default: "reset"
            }
        self.init(reason, detail: Self.detail(of: error))
    }

    /// Of a name's addresses: the last one that answered in some way says most.
    private static func reason(ofConnecting error: NIOConnectionError, isSecure: Bool) -> String {
        let reasons = error.connectionErrors.map { failure -> String in
            switch failure.error {
            case ChannelError.connectTimeout: "connect_timeout"
            case let error as IOError: reason(ofConnecting: error, isSecure: isSecure)
            default: isSecure ? "tls_failed" : "connect_failed"
            }
        }
        if reasons.contains("connect_refused") { return "connect_refused" }
        return reasons.last ?? "dns_failed"
    }

    private static func reason(ofConnecting error: IOError, isSecure: Bool) -> String {
        switch error.errnoCode {
        case ECONNREFUSED: "connect_refused"
        case ETIMEDOUT: "connect_timeout"
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL: "no_connection"
        case ECONNRESET, EPIPE: isSecure ? "tls_failed" : "connect_failed"
        default: "connect_failed"
        }
    }

    /// For the log: errors of sockets, TLS and parser hold nothing of the request.
    private static func detail(of error: any Error) -> String {
        String(String(describing: error).prefix(300))
    }
}
