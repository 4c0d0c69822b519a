import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where a configuration is read from: the disk, or a test's own files.
package struct ConfigurationFiles: Sendable {
    /// Why something cannot be read; no contents.
    package struct Failure: Error, Sendable, Hashable {
        package let text: String

        /// Makes a failure; the text follows `cannot be read: `.
        package init(_ text: String) { self.text = text }
    }

    /// The names of what a folder holds, in any order.
    package let list: @Sendable (_ folder: String) throws(Failure) -> [String]
    /// A file's bytes; one that is longer than `limit` fails.
    package let read: @Sendable (_ path: String, _ limit: Int) throws(Failure) -> [UInt8]

    /// Makes a source.
    package init(
        list: @escaping @Sendable (_ folder: String) throws(Failure) -> [String],
        read: @escaping @Sendable (_ path: String, _ limit: Int) throws(Failure) -> [UInt8]
    ) {
        self.list = list
        self.read = read
    }

    /// The machine's files. Symbolic links are followed, so that a mounted folder whose files are swapped by a link
    /// works.
    package static let disk = ConfigurationFiles(
        list: { folder throws(Failure) in
            do {
                return try FileManager.default.contentsOfDirectory(atPath: folder)
            } catch {
                throw Failure(reason(error))
            }
        },
        read: { path, limit throws(Failure) in
            // Whoever reads a pipe waits for its writer, perhaps for ever: with a reload that would be the last one.
            var status = stat()
            guard stat(path, &status) == 0 else { throw Failure("there is no such file") }
            switch status.st_mode & S_IFMT {
            case S_IFREG: break
            case S_IFDIR: throw Failure("it is a folder")
            default: throw Failure("it is no regular file")
            }
            do {
                let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
                defer { try? file.close() }
                let data = try file.read(upToCount: limit + 1) ?? Data()
                guard data.count <= limit else { throw Failure("it is longer than \(limit) bytes") }
                return Array(data)
            } catch let failure as Failure {
                throw failure
            } catch {
                throw Failure(reason(error))
            }
        })

    private static func reason(_ error: any Error) -> String {
        switch (error as? CocoaError)?.code {
        case .fileNoSuchFile?, .fileReadNoSuchFile?: "there is no such file or folder"
        case .fileReadNoPermission?: "permission denied"
        default: "the system refuses"
        }
    }
}
