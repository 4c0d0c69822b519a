import HTTPGateway
import NIOCore
import NIOSSL
import PaymentEngine
import PaymentModel
import TestCertificates

/// Both sides of TLS in tests.
enum Secured {
    /// Whether the listeners of harnesses take TLS alone, and connections to them speak it.
    @TaskLocal static var isOn = false

    /// What a listener shows; `localhost` where nothing else is said.
    static func identity(
        _ certificate: String = TestCertificates.localhost, _ key: String = TestCertificates.localhostKey,
        clientCA: String? = nil
    ) throws -> ListenerTLS.Identity {
        try ListenerTLS.Identity(
            ServerConfiguration.TLS(certificate: certificate, privateKey: Secret(key), clientCA: clientCA))
    }

    /// A caller who believes the tests' root, and shows a certificate under the key of `client` where one is given.
    static func caller(
        certificate: String? = nil, versions: ClosedRange<Int> = 2...3
    ) throws -> NIOSSLContext {
        let known: [TLSVersion] = [.tlsv1, .tlsv11, .tlsv12, .tlsv13]
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(try certificates(TestCertificates.root))
        configuration.minimumTLSVersion = known[versions.lowerBound]
        configuration.maximumTLSVersion = known[versions.upperBound]
        configuration.shutdownTimeout = .milliseconds(500)
        if let certificate {
            configuration.certificateChain = try certificates(certificate).map { .certificate($0) }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(TestCertificates.clientKey.utf8), format: .pem))
        }
        return try NIOSSLContext(configuration: configuration)
    }

    static func certificates(_ pem: String) throws -> [NIOSSLCertificate] {
        try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8))
    }
}
