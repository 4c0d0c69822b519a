import AsyncHTTPClient
import HTTPTypes
import NIOHTTP1
import Synchronization

/// The client's form of a method and a path, without headers and body. Taking an address apart costs more than the
/// rest of a request together, and most calls go to the same few paths.
final class RequestCache: Sendable {
    /// When it is full it starts anew: paths that hold an id fill it, and refilling is cheap.
    static let capacity = 256

    private struct Key: Hashable {
        let method: HTTPRequest.Method
        let path: String
    }

    private let base: String
    private let kept = Mutex<[Key: HTTPClient.Request]>([:])

    init(baseURL: String) {
        base = String(baseURL.reversed().drop { $0 == "/" }.reversed())
    }

    /// Throws where method and path make no address: a plugin's mistake.
    func request(_ method: HTTPRequest.Method, _ path: String) throws -> HTTPClient.Request {
        let key = Key(method: method, path: path)
        if let known = kept.withLock({ $0[key] }) { return known }
        let request = try HTTPClient.Request(url: base + path, method: HTTPMethod(rawValue: method.rawValue))
        kept.withLock { kept in
            if kept.count >= Self.capacity { kept.removeAll(keepingCapacity: true) }
            kept[key] = request
        }
        return request
    }
}
