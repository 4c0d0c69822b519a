import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a configuration folder looks like from outside: the files that count, and others that they name, without their
/// contents. Two that differ mean that something was saved.
package struct FolderSnapshot: Sendable, Hashable {
    /// One file, behind all symbolic links: a link that is pointed elsewhere is another file.
    package struct File: Sendable, Hashable {
        let device: UInt64
        let inode: UInt64
        let size: Int64
        /// Nanoseconds, of the contents and of the file's own data: a save that sets the time back changes the latter.
        let modified: Int64
        let changed: Int64
    }

    /// By name, others by path; a file that is not there behind its link is nil. All is nil where the folder cannot be read.
    private let files: [String: File?]?

    init(files: [String: File?]?) {
        self.files = files
    }

    /// Looks at a folder on the disk, and at files that are named from there by their paths.
    package init(of folder: String, with others: Set<String> = []) {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            self.init(files: nil)
            return
        }
        var files: [String: File?] = [:]
        for name in names where FolderReader.isRead(name) {
            files[name] = .some(File(at: folder + "/" + name))
        }
        for path in others { files[path] = .some(File(at: path)) }
        self.init(files: files)
    }
}

extension FolderSnapshot.File {
    fileprivate init?(at path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if canImport(Darwin)
            let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
        #else
            let (modified, changed) = (status.st_mtim, status.st_ctim)
        #endif
        func nanoseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec) }
        self.init(
            device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(truncatingIfNeeded: status.st_ino),
            size: Int64(status.st_size), modified: nanoseconds(modified), changed: nanoseconds(changed))
    }
}
