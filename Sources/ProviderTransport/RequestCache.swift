import AsyncHTTPClient
import HTTPTypes
import NIOCore
import NIOHTTP1
import ProviderKit
import Synchronization

/// Makes the client's requests. Taking an address apart costs more than the rest of a request together, and most
/// calls go to the same few paths: those are kept, without headers and body.
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

    /// The client's form of a request; its body notes in `exchange` that it was asked for.
    func request(for request: ProviderRequest, exchange: HTTPExchange) throws -> HTTPClient.Request {
        let key = Key(method: request.method, path: request.path)
        var outgoing: HTTPClient.Request
        if let known = kept.withLock({ $0[key] }) {
            outgoing = known
        } else {
            outgoing = try HTTPClient.Request(
                url: base + request.path, method: HTTPMethod(rawValue: request.method.rawValue))
            kept.withLock { kept in
                if kept.count >= Self.capacity { kept.removeAll(keepingCapacity: true) }
                kept[key] = outgoing
            }
        }
        var headers = HTTPHeaders()
        headers.reserveCapacity(request.headers.count + 2)
        for field in request.headers {
            headers.add(name: field.name.rawName, value: field.value)
        }
        outgoing.headers = headers
        if !request.body.isEmpty {
            let body = ByteBuffer(bytes: request.body)
            outgoing.body = .stream(contentLength: Int64(body.readableBytes)) { writer in
                exchange.noteDeparture()
                // In one part: `WholeRequestFlush` counts on it.
                return writer.write(.byteBuffer(body))
            }
        }
        return outgoing
    }
}
