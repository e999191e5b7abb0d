/* SPDX-License-Identifier: MIT */
#include <config.h>

#include <errno.h>

#include "helper/exchange/qrcode.h"

#ifdef HAVE_QRENCODE
#include <qrencode.h>

bool
qrcode_available(void)
{
    return true;
}

/* In QRcode.data the lowest bit of an octet says whether it is dark. */
static int
take_modules(const QRcode *code, struct secret *out)
{
    size_t i, len = (size_t) code->width * (size_t) code->width;
    int r = 0;

    for (i = 0; i < len && r == 0; i++)
        r = secret_append(out, (code->data[i] & 1) != 0 ? "1" : "0", 1, len);
    return r;
}

int
qrcode_encode(const char *text, unsigned side_max, struct secret *out)
{
    QRcode *code;
    int r;

    errno = 0;
    code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
    if (code == NULL)
        return errno == ERANGE ? -EMSGSIZE : errno != 0 ? -errno : -EINVAL;
    r = code->width > (int) side_max ? -EMSGSIZE : take_modules(code, out);
    QRcode_free(code);
    return r;
}

#else

bool
qrcode_available(void)
{
    return false;
}

int
qrcode_encode(const char *text UNUSED, unsigned side_max UNUSED,
              struct secret *out UNUSED)
{
    return -ENOTSUP;
}

#endif
