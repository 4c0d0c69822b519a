import NIOCore
import NIOSSL
package import PaymentEngine
package import PaymentModel
import Synchronization

/// What a listener shows its callers over TLS, and whom it lets in. It may be replaced while the listener runs: connections
/// that are made from then on get the new one, those that are there go on.
///
/// A whole context is swapped, not the certificate in it: so the roots of callers' certificates change with it, and a session
/// that began under the old ones is not resumed under the new ones.
package final class ListenerTLS: Sendable {
    /// One that can serve.
    package struct Identity: Sendable {
        fileprivate let context: NIOSSLContext
        /// When the server's certificate ends.
        package let expiresAt: Timestamp

        /// Throws where the parts cannot be used, or not together; what it throws holds nothing of the key.
        package init(_ tls: ServerConfiguration.TLS) throws {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(tls.certificate.utf8))
            // The server's own comes first; a chain that is empty is refused below.
            expiresAt = Timestamp(milliseconds: Int64(chain.first?.notValidAfter ?? 0) * 1000)
            let key = try NIOSSLPrivateKey(bytes: Array(tls.privateKey.reveal().utf8), format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            // Of TLS 1.2 what is forward secret and authenticates what it encrypts; 1.3 has nothing else.
            configuration.cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"
            configuration.applicationProtocols = ["http/1.1"]
            // For the caller's goodbye, when we have said ours.
            configuration.shutdownTimeout = .seconds(2)
            if let clientCA = tls.clientCA {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(clientCA.utf8)))
                // A caller has no host name to be verified: that the certificate is under our roots is what lets it in.
                configuration.certificateVerification = .noHostnameVerification
                configuration.sendCANameList = true
            }
            context = try NIOSSLContext(configuration: configuration)
        }
    }

    private let identity: Mutex<Identity>

    /// Begins with that one.
    package init(_ identity: Identity) {
        self.identity = Mutex(identity)
    }

    /// When the certificate that callers see now ends.
    package var expiresAt: Timestamp { identity.withLock { $0.expiresAt } }

    /// Goes on with another one.
    package func use(_ identity: Identity) { self.identity.withLock { $0 = identity } }

    func makeHandler() -> NIOSSLServerHandler {
        NIOSSLServerHandler(context: identity.withLock { $0.context })
    }
}
