/// Which names and addresses are this machine's own.
enum Loopback {
    /// Whether a host, without a port, is `localhost`, in 127.0.0.0/8 or `::1`, with or without brackets.
    static func isHost(_ host: String) -> Bool {
        let host = host.lowercased()
        if host == "localhost" || host == "::1" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in part.utf8.allSatisfy { (48...57).contains($0) } && UInt8(part) != nil }
    }

    /// Whether a `Host` field, with any port or none, names this machine. A page of another site that had its name point
    /// at this address still sends its own name.
    static func isAuthority(_ authority: String) -> Bool {
        let end: String.Index
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { return false }
            end = authority.index(after: bracket)
        } else {
            end = authority.firstIndex(of: ":") ?? authority.endIndex
        }
        let port = authority[end...]
        guard port.isEmpty || (port.first == ":" && port.dropFirst().utf8.allSatisfy { (48...57).contains($0) }) else {
            return false
        }
        return isHost(String(authority[..<end])) && authority[..<end] != "::1"
    }
}
