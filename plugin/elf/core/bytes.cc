// Reading and writing whole files.
#include "bytes.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hotreload {

namespace {

Error file_error(const std::string& path, const char* what) {
  return {"E_ELF", std::string(what) + ": " + std::strerror(errno), path};
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return file_error(path, "cannot open");
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(fd);
    return Error{"E_ELF", "is not a regular file", path};
  }
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = read(fd, &bytes[done], bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const Error error = file_error(path, "cannot read");
      close(fd);
      return error;
    }
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  close(fd);
  bytes.resize(done);
  return bytes;
}

Result<Nothing> write_file(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".writing";
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return file_error(temporary, "cannot create");
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const Error error = file_error(temporary, "cannot write");
      close(fd);
      unlink(temporary.c_str());
      return error;
    }
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  if (close(fd) != 0 || rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = file_error(path, "cannot write");
    unlink(temporary.c_str());
    return error;
  }
  return Nothing{};
}

}  // namespace hotreload
