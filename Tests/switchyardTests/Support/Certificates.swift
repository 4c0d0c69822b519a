import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TestCertificates

/// The files of a router's `server.tls`, in a folder of their own.
struct CertificateFiles: Sendable {
    let folder = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID().uuidString)")

    /// Begins with the certificate for `localhost`.
    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try write(certificate: TestCertificates.localhost, key: TestCertificates.localhostKey)
        try TestCertificates.root.write(to: folder.appending(path: "ca.pem"), atomically: true, encoding: .utf8)
    }

    func write(certificate: String, key: String) throws {
        try certificate.write(to: folder.appending(path: "tls.pem"), atomically: true, encoding: .utf8)
        try key.write(to: folder.appending(path: "tls.key"), atomically: true, encoding: .utf8)
    }

    func remove() throws { try FileManager.default.removeItem(at: folder) }

    /// A line of `server`.
    var yaml: String { "tls: { certificate: \(folder.path)/tls.pem, private_key: \(folder.path)/tls.key }" }
    /// The root of all that tests believe.
    var root: String { folder.appending(path: "ca.pem").path }
}

extension TLSConfiguration {
    /// Of a caller who believes what is under the tests' root, whatever the name.
    static var trustingTests: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(certificates(TestCertificates.root))
        configuration.certificateVerification = .noHostnameVerification
        return configuration
    }

    static func certificates(_ pem: String) -> [NIOSSLCertificate] {
        (try? NIOSSLCertificate.fromPEMBytes(Array(pem.utf8))) ?? []
    }
}

/// The certificate that a new connection is shown.
func shownCertificate(port: Int) async throws -> NIOSSLCertificate? {
    let tls = try NIOSSLContext(configuration: .trustingTests)
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
            }
        }
        .connect(host: "127.0.0.1", port: port).get()
    // Goes out behind the handshake.
    try await channel.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
    let certificate = try await channel.nioSSL_peerCertificate().get()
    try? await channel.close()
    return certificate
}

/// Runs `body` against a server on 127.0.0.1 that shows a certificate under the key of `localhost`; `received` is what came to it
/// through TLS.
func withTLSServer(
    showing certificate: String, _ body: (_ port: Int, _ received: @Sendable () -> Int) async throws -> Void
) async throws {
    let key = try NIOSSLPrivateKey(bytes: Array(TestCertificates.localhostKey.utf8), format: .pem)
    let tls = try NIOSSLContext(
        configuration: .makeServerConfiguration(
            certificateChain: TLSConfiguration.certificates(certificate).map { .certificate($0) },
            privateKey: .privateKey(key)))
    let count = ReceivedBytes()
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandlers([NIOSSLServerHandler(context: tls), Sink(count)])
            }
        }
        .bind(host: "127.0.0.1", port: 0).get()
    let result: Result<Void, any Error>
    do {
        result = .success(try await body(listener.localAddress?.port ?? 0) { count.value.withLock { $0 } })
    } catch {
        result = .failure(error)
    }
    try await listener.close()
    try result.get()
}

private final class ReceivedBytes: Sendable {
    let value = Mutex(0)
}

private final class Sink: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let count: ReceivedBytes

    init(_ count: ReceivedBytes) {
        self.count = count
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data).readableBytes
        count.value.withLock { $0 += bytes }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
