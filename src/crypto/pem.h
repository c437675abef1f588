/*
 * pem: what reading PEM text may not do.
 */
#ifndef CRYPTO_PEM_H
#define CRYPTO_PEM_H

/*
 * The callback that PEM readers of libcrypto are given. Encrypted text has no passphrase to be asked
 * for: by default the library opens the terminal and waits for a person, whoever wrote the text.
 */
int pem_refuse_passphrase(char *buffer, int size, int is_writing, void *context);

#endif
