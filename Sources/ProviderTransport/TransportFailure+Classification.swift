import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ProviderKit

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension TransportFailure {
    /// Names the failure of a call. Whether the request may have left is not concluded here but given.
    ///
    /// - Parameters:
    ///   - isSecure: Whether the connection is TLS, of which the handshake is a part.
    ///   - connectionsUsedUp: Whether every connection is busy, which tells why a call waited for one in vain.
    init(of error: any Error, mayHaveLeft: Bool, isSecure: Bool, connectionsUsedUp: Bool) {
        let reason =
            mayHaveLeft
            ? Self.reasonAfterSending(error)
            : Self.reasonBeforeSending(error, isSecure: isSecure, connectionsUsedUp: connectionsUsedUp)
        self.init(reason, detail: Self.detail(of: error))
    }

    private static func reasonAfterSending(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError:
            switch error {
            case .deadlineExceeded, .readTimeout, .writeTimeout: "timeout"
            case .cancelled: "canceled"
            default: "reset"
            }
        case is HTTPParserError, is NIOHTTPDecoderError, is HTTPExchange.ReplyTooLarge: "unreadable_reply"
        default: "reset"
        }
    }

    private static func reasonBeforeSending(_ error: any Error, isSecure: Bool, connectionsUsedUp: Bool) -> String {
        switch error {
        case let error as HTTPClientError:
            switch error {
            case .cancelled: "canceled"
            case .alreadyShutdown: "no_connection"
            case .deadlineExceeded, .getConnectionFromPoolTimeout:
                connectionsUsedUp ? "no_connection" : "connect_timeout"
            case .connectTimeout, .tlsHandshakeTimeout: "connect_timeout"
            case .remoteConnectionClosed: isSecure ? "tls_failed" : "reset"
            // What the client does not write because it is no HTTP: a plugin's mistake.
            default: "invalid_request"
            }
        case ChannelError.connectTimeout: "connect_timeout"
        case let error as NIOConnectionError: reason(ofConnecting: error, isSecure: isSecure)
        case let error as IOError: reason(ofConnecting: error, isSecure: isSecure)
        default: isSecure ? "tls_failed" : "reset"
        }
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
        case ECONNRESET, EPIPE: isSecure ? "tls_failed" : "reset"
        default: "connect_failed"
        }
    }

    /// For the log. Errors that quote the request (a refused header value may be a key) say their kind alone.
    private static func detail(of error: any Error) -> String {
        switch error {
        case let error as HTTPClientError:
            error.shortDescription
        case is NIOConnectionError, is IOError, is ChannelError, is HTTPParserError, is NIOHTTPDecoderError,
            is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            String(String(describing: error).prefix(300))
        case is HTTPExchange.ReplyTooLarge:
            "reply too large"
        default:
            String(describing: type(of: error))
        }
    }
}
