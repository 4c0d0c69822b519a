package import Logging
package import NIOCore
import NIOPosix
package import ProviderKit

/// What an app's events go out through: one origin, TLS or loopback, no redirects, and no address that events may not go to
/// (`address_refused`, nothing is dialled then). The body of a reply is not kept.
///
/// - Parameters:
///   - app: The app's name, for the log.
///   - origin: Scheme, host and port of the webhook.
///   - allowPrivate: Private and loopback addresses too.
///   - maxConnections: Open at a time.
/// - Throws: What is wrong with the origin.
package func makeEventTransport(
    app: String, origin: String, allowPrivate: Bool, maxConnections: Int = 16,
    eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, logger: Logger
) throws(TransportFault) -> any ProviderTransport {
    var logger = logger
    logger[metadataKey: "app"] = "\(app)"
    return try HTTPProviderTransport(
        baseURL: origin, connectTimeout: .seconds(5), maxConnections: maxConnections,
        reply: .withoutBody(most: 1 << 16),
        addresses: AddressRule(allowsPrivate: allowPrivate, isLoopbackOnly: !origin.hasPrefix("https:")),
        eventLoopGroup: eventLoopGroup, logger: logger)
}
