package import Logging
package import NIOCore
import NIOPosix
package import ProviderKit

/// Why a transport cannot be made from the configuration.
package enum TransportFault: Error, Hashable, CustomStringConvertible {
    /// What is wrong with the base address.
    case address(String)
    /// What is wrong with the file of extra roots.
    case extraRoots(String)

    package var description: String {
        switch self {
        case .address(let problem): "base_url: \(problem)"
        case .extraRoots(let problem): "ca: \(problem)"
        }
    }
}

/// The transport of one configured provider instance.
///
/// - Parameters:
///   - provider: The instance's name, for the log.
///   - baseURL: Scheme, host and optional prefix.
///   - connectTimeout: For a connection to be there.
///   - extraRoots: A PEM file of roots that are trusted beside the system's.
/// - Throws: What is wrong with the address or the file.
package func makeTransport(
    provider: String, baseURL: String, connectTimeout: Duration, extraRoots: String? = nil,
    eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
    logger: Logger
) throws(TransportFault) -> any ProviderTransport {
    var logger = logger
    logger[metadataKey: "provider"] = "\(provider)"
    return try HTTPProviderTransport(
        baseURL: baseURL, connectTimeout: connectTimeout, extraRootsPath: extraRoots, eventLoopGroup: eventLoopGroup,
        logger: logger)
}
