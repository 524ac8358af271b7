package io.everpool.spring.shop;

import org.springframework.data.jpa.repository.JpaRepository;

/** Spring Data's. */
public interface Items extends JpaRepository<Item, Long> {}
