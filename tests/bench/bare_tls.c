/* SPDX-License-Identifier: MIT */
/*
 * bare_tls PORT PATH: the same request as bare_curl's by libssl alone, to this
 * port of localhost: no program that speaks TLS with this library can do less.
 */
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
connected(int port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((in_port_t) port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd != -1
        && connect(fd, (const struct sockaddr *) &address, sizeof(address))
               == -1)
        return -1;
    return fd;
}

static int
request(SSL *ssl, const char *path, const char *form, size_t len)
{
    static char text[70000], answer[70000];
    int n = snprintf(text, sizeof(text),
                     "POST %s HTTP/1.1\r\nHost: localhost\r\n"
                     "Content-Type: application/x-www-form-urlencoded\r\n"
                     "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                     path, len, form);
    int got, total = 0;

    if (SSL_write(ssl, text, n) != n)
        return 1;
    while (
        (got = SSL_read(ssl, answer + total, (int) sizeof(answer) - 1 - total))
        > 0)
        total += got;
    return strncmp(answer, "HTTP/1.1 200 ", 13) == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
    char form[65536], host[] = "localhost";
    ssize_t n = read(STDIN_FILENO, form, sizeof(form) - 1);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl;

    if (argc != 3 || n <= 0 || context == NULL)
        return 2;
    form[n] = '\0';
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    ssl = SSL_CTX_load_verify_dir(context, "/etc/ssl/certs") == 1
              ? SSL_new(context)
              : NULL;
    if (ssl == NULL || SSL_set1_host(ssl, host) != 1
        || SSL_set_tlsext_host_name(ssl, host) != 1
        || SSL_set_fd(ssl, connected(atoi(argv[1]))) != 1
        || SSL_connect(ssl) != 1)
        return 2;
    return request(ssl, argv[2], form, (size_t) n);
}
